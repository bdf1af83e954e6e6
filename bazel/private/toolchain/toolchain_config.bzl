"""How the toolchain calls its tools (`tools.bzl`)."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "action_config", "feature", "flag_group", "flag_set", "tool", "tool_path", "variable_with_value", "with_feature_set")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")
load("//bazel/private/modes:features.bzl", "ALWAYS_COMPILE", "ALWAYS_CXX", "ALWAYS_LINK", "ARCH_FLAGS", "COMPILATION_MODES", "FEATURES", "LTO_FLAGS", "MODULE_FLAGS", "REDACTED", "flags")
load("//bazel/private/modes:granularity.bzl", "GranularityInfo")
load("//bazel/private/sdk:providers.bzl", "HeadersInfo", "SdkInfo")
load("//bazel/private/sdk:sources.bzl", "SourcesInfo")
load(":tools.bzl", "ToolsInfo")

_C = [ACTION_NAMES.c_compile, ACTION_NAMES.assemble, ACTION_NAMES.preprocess_assemble]
_CXX = [ACTION_NAMES.cpp_compile, ACTION_NAMES.linkstamp_compile, ACTION_NAMES.cpp_header_parsing, ACTION_NAMES.cpp_module_compile, ACTION_NAMES.cpp_module_codegen]
_COMPILE = _C + _CXX
_SHARED = [ACTION_NAMES.cpp_link_dynamic_library, ACTION_NAMES.cpp_link_nodeps_dynamic_library]
_LINK = [ACTION_NAMES.cpp_link_executable] + _SHARED
_STRIP = [ACTION_NAMES.strip]
_ARCHIVE = [ACTION_NAMES.cpp_link_static_library]

# `$(CC_FLAGS)` of a genrule: what objects need for programs of this configuration to link them.
_VARIABLE = [ACTION_NAMES.cc_flags_make_variable]
_NEEDED_TO_LINK = ["use_pthreads", "wasm_workers"]

_TOOLS = {
    "_clang_headers": attr.label(default = Label("//bazel/private/sdk:clang_headers"), cfg = "exec", providers = [HeadersInfo]),
    "_headers": attr.label(default = Label("//bazel/private/sdk:headers"), cfg = "exec", providers = [HeadersInfo]),
    "_launchers": attr.label(default = Label("//bazel/private/toolchain:launchers"), cfg = "exec"),
    "_probe": attr.label(default = Label("//:probe"), cfg = "exec"),
    "_sdk": attr.label(default = Label("@emscripten_sdk//:sdk"), cfg = "exec", providers = [SdkInfo]),
    "_sources": attr.label(default = Label("//bazel/private/sdk:sources"), cfg = "exec", providers = [SourcesInfo]),
    "_tools": attr.label(default = Label("//bazel/private/toolchain:tools"), cfg = "exec", providers = [ToolsInfo]),
}

def _toolchain_files_impl(ctx):
    sdk, part = ctx.attr._sdk[SdkInfo], ctx.attr.part
    files = [ctx.attr._tools[ToolsInfo].files, depset(ctx.files._launchers + [sdk.about])]
    if part == "archive":
        files.append(sdk.archivers)
    else:
        # With what tells why an action fails.
        files += [sdk.compiling, sdk.compilers, ctx.attr._probe[DefaultInfo].files]
    if part in ("compile", "all"):
        files.append(depset([ctx.attr._headers[HeadersInfo].directory, ctx.attr._clang_headers[HeadersInfo].directory]))
    if part in ("link", "all"):
        files += [sdk.compiler, sdk.emscripten, sdk.linker, depset([ctx.attr._sources[SourcesInfo].archive])]
    return [DefaultInfo(files = depset(transitive = files))]

toolchain_files = rule(
    implementation = _toolchain_files_impl,
    doc = "Inputs of compiles, links or archives: headers of compiles only, the linker of links only; or all of them, as strip actions and other rules want.",
    attrs = _TOOLS | {"part": attr.string(values = ["compile", "link", "archive", "all"])},
)

def _set(actions, flags, **kwargs):
    return flag_set(actions = actions, flag_groups = [flag_group(flags = flags, **kwargs)] if flags else [])

def _each(actions, variable, flags):
    """Flags for each value of a variable that is a list."""
    return flag_set(actions = actions, flag_groups = [flag_group(flags = flags, iterate_over = variable, expand_if_available = variable)])

def _if(actions, variable, flags):
    return _set(actions, flags, expand_if_available = variable)

def _library(kind, **kwargs):
    """Flags for the libraries of one kind."""
    return flag_group(expand_if_equal = variable_with_value(name = "libraries_to_link.type", value = kind), **kwargs)

def _command_line(lazy):
    """What Bazel has to say in every command; everything is spelled out, since nothing is a compiler's default here."""
    libraries = [
        _library("object_file", flags = ["%{libraries_to_link.name}"]),
        _library("interface_library", flags = ["%{libraries_to_link.name}"]),
        # Of a shared library Bazel gives no path: a name, and the directories where it may be.
        _library("dynamic_library", flags = ["-l%{libraries_to_link.name}"]),
        _library("versioned_dynamic_library", flags = ["-l:%{libraries_to_link.name}"]),
        # What would be an archive with the feature supports_start_end_lib off: of it, the linker loads what it needs.
        _library("object_file_group", flag_groups = [
            flag_group(flags = ["-Wl,--start-lib"], expand_if_false = "libraries_to_link.is_whole_archive"),
            flag_group(flags = ["%{libraries_to_link.object_files}"], iterate_over = "libraries_to_link.object_files"),
            flag_group(flags = ["-Wl,--end-lib"], expand_if_false = "libraries_to_link.is_whole_archive"),
        ]),
        _library("static_library", flag_groups = [
            flag_group(flags = ["-Wl,--whole-archive"], expand_if_true = "libraries_to_link.is_whole_archive"),
            flag_group(flags = ["%{libraries_to_link.name}"]),
            flag_group(flags = ["-Wl,--no-whole-archive"], expand_if_true = "libraries_to_link.is_whole_archive"),
        ]),
    ]
    members = [
        _library("object_file", flags = ["%{libraries_to_link.name}"]),
        # Those of a directory of sources.
        _library("object_file_group", flag_groups = [
            flag_group(flags = ["%{libraries_to_link.object_files}"], iterate_over = "libraries_to_link.object_files"),
        ]),
    ]
    return [
        _each(_COMPILE, "preprocessor_defines", ["-D%{preprocessor_defines}"]),
        _each(_COMPILE, "quote_include_paths", ["-iquote", "%{quote_include_paths}"]),
        _each(_COMPILE, "include_paths", ["-I%{include_paths}"]),
        _each(_COMPILE, "system_include_paths", ["-isystem", "%{system_include_paths}"]),
        _each(_COMPILE, "external_include_paths", ["-isystem", "%{external_include_paths}"]),
        _each(_COMPILE, "includes", ["-include", "%{includes}"]),
        _each(_COMPILE, "user_compile_flags", ["%{user_compile_flags}"]),
        _set(_COMPILE, REDACTED),
        _if(_COMPILE, "output_assembly_file", ["-S"]),
        _if(_COMPILE, "output_preprocess_file", ["-E"]),
        _if(_COMPILE, "dependency_file", ["-MD", "-MF", "%{dependency_file}"]),
        _if([name for name in _COMPILE if name != ACTION_NAMES.cpp_header_parsing], "source_file", ["-c"]),
        _if(_COMPILE, "source_file", ["%{source_file}"]),
        _if(_COMPILE + _LINK, "output_file", ["-o", "%{output_file}"]),
        _if([ACTION_NAMES.cpp_link_executable], "output_execpath", (["--emroot-lazy"] if lazy else []) + ["--emroot-pack", "-o", "%{output_execpath}"]),
        _if(_SHARED, "output_execpath", ["--emroot-shared", "-o", "%{output_execpath}"]),
        _each(_LINK, "linkstamp_paths", ["%{linkstamp_paths}"]),
        _set(_ARCHIVE, ["rcsD"]),
        _if(_ARCHIVE, "output_execpath", ["%{output_execpath}"]),
        _each(_LINK, "library_search_directories", ["-L%{library_search_directories}"]),
        flag_set(actions = _LINK, flag_groups = [flag_group(
            iterate_over = "libraries_to_link",
            expand_if_available = "libraries_to_link",
            flag_groups = libraries,
        )]),
        flag_set(actions = _ARCHIVE, flag_groups = [flag_group(
            iterate_over = "libraries_to_link",
            expand_if_available = "libraries_to_link",
            flag_groups = members,
        )]),
        _each(_LINK, "user_link_flags", ["%{user_link_flags}"]),
        # All others of the command are then in that file.
        _if(_LINK + _ARCHIVE, "linker_param_file", ["@%{linker_param_file}"]),
        _each(_STRIP, "stripopts", ["%{stripopts}"]),
        _set(_STRIP, ["-o", "%{output_file}", "%{input_file}"]),
    ]

def _flags_feature(name, flags, enabled = False):
    only = [with_feature_set(features = [flags.only_with])] if flags.only_with else []
    return feature(
        name = name,
        enabled = enabled,
        implies = flags.implies,
        provides = ["emroot_optimization"] if flags.only_with else [],  # one of these at a time, as with emsdk's
        flag_sets = [
            flag_set(actions = actions, flag_groups = [flag_group(flags = words)], with_features = only)
            for actions, words in (
                (_COMPILE + (_VARIABLE if name in _NEEDED_TO_LINK else []), flags.compile),
                (_CXX, flags.cxx),
                (_LINK, flags.link),
            )
            if words
        ],
    )

def _features(arch, thin, lazy):
    """All features, in the order in which their flags appear."""
    found = [
        feature(name = "no_legacy_features", enabled = True),
        # Whatever the linking mode, the libraries go with the link.
        feature(name = "static_link_cpp_runtimes", enabled = True),
        feature(name = "supports_pic"),
        feature(name = "supports_start_end_lib"),
        feature(name = "random_seed"),
        feature(name = "external_include_paths"),
        # `--fission`: debug information of each object in a file of its own, which no link reads; `emdwp` joins them.
        feature(name = "per_object_debug_info", enabled = True, flag_sets = [_if(_COMPILE, "per_object_debug_info_file", ["-g", "-gsplit-dwarf"])]),
        feature(name = "fission_support", enabled = True, flag_sets = [_if(_LINK, "is_using_fission", ["-g"])]),
        feature(name = "compiler_param_file"),
        feature(name = "parse_headers", flag_sets = [_set([ACTION_NAMES.cpp_header_parsing], ["-xc++-header", "-fsyntax-only"])]),
        feature(name = "archive_param_file", enabled = True),
        feature(name = "gcc_quoting_for_param_files", enabled = True),
        _flags_feature("emroot_always", flags(
            both = ARCH_FLAGS[arch],
            compile = ALWAYS_COMPILE,
            cxx = ALWAYS_CXX,
            link = ALWAYS_LINK,
        ), enabled = True),
        feature(name = "emroot_cc_flags", enabled = True, flag_sets = [_set(_VARIABLE, ARCH_FLAGS[arch])]),
        feature(name = "emcc_debug", flag_sets = [_set(_COMPILE + _LINK, ["--emroot-debug"])]),
        feature(name = "emcc_debug_link", flag_sets = [_set(_LINK, ["--emroot-debug"])]),
        feature(name = "emroot_no_exceptions", enabled = True, flag_sets = [flag_set(
            actions = _CXX,
            flag_groups = [flag_group(flags = ["-fno-exceptions"])],
            with_features = [with_feature_set(not_features = ["exceptions", "wasm_exceptions"])],
        )]),
        # Code for a main or side module has to be position independent; so have libraries that go into one.
        feature(name = "main_module", flag_sets = [_set(_COMPILE + _VARIABLE, ["-fPIC"]), _set(_LINK, MODULE_FLAGS["main"])]),
        feature(name = "side_module", flag_sets = [_set(_COMPILE + _VARIABLE, ["-fPIC"]), _set(_LINK, MODULE_FLAGS["side"])]),
        feature(name = "pic", flag_sets = [_set(_COMPILE, ["-fPIC"], expand_if_available = "pic")]),
        _flags_feature("lto", flags(both = LTO_FLAGS["full"])),
        # `thin_lto` itself is not declared: Bazel would then run a ThinLTO pipeline of its own, which is not how emcc
        # links. A condition on --features turns this one on instead.
        _flags_feature("emroot_thin_lto", flags(both = LTO_FLAGS["thin"]), enabled = thin),
    ]
    found += [_flags_feature(name, f) for name, f in COMPILATION_MODES.items()]
    found += [_flags_feature(name, f, enabled = f.enabled) for name, f in FEATURES.items()]
    return found + [feature(name = "emroot_command_line", enabled = True, flag_sets = _command_line(lazy))]

# Tools by paths in the toolchain's package, where Bazel and some rules look for them: `$(CC)`, `cc_toolchain.ar_executable`. Those
# that are not there have to be named all the same.
_TOOL_PATHS = {"ar": "emar", "cpp": "em++", "dwp": "emdwp", "gcc": "emcc", "ld": "em++", "nm": "emnm", "objcopy": "llvm-objcopy", "strip": "emstrip"}
_NO_TOOLS = ["gcov", "gcov-tool", "llvm-cov", "llvm-profdata", "objdump"]

def _config_impl(ctx):
    tools = ctx.attr._tools[ToolsInfo].tools
    if ctx.attr.mapped:
        tools = {file.basename: file for file in ctx.files._launchers}
    headers, own_headers = ctx.attr._headers[HeadersInfo].directory.path, ctx.attr._clang_headers[HeadersInfo].directory.path
    calls = {"emcc": _C, "em++": _CXX + _LINK, "emar": _ARCHIVE, "emstrip": _STRIP}
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        action_configs = [
            action_config(action_name = name, enabled = True, tools = [tool(tool = tools[called])])
            for called, names in calls.items()
            for name in names
        ],
        features = _features(ctx.attr.arch, ctx.attr.thin, ctx.attr._granularity[GranularityInfo].value == "lazy"),
        tool_paths = [tool_path(name = name, path = path) for name, path in _TOOL_PATHS.items()] +
                     [tool_path(name = name, path = "no-" + name) for name in _NO_TOOLS],
        # What the toolchain's own headers are, to Bazel and to whoever asks.
        cxx_builtin_include_directories = [headers + below for below in ("/sysroot/include/c++/v1", "/sysroot/include/compat", "/sysroot/include")] + [own_headers],
        abi_libc_version = "unknown",
        abi_version = "unknown",
        compiler = "emscripten",
        host_system_name = "local",
        target_cpu = ctx.attr.arch,
        target_libc = "musl",
        target_system_name = ctx.attr.arch + "-unknown-emscripten",
        toolchain_identifier = "emroot-" + ctx.attr.arch,
    )

emscripten_toolchain_config = rule(
    implementation = _config_impl,
    attrs = _TOOLS | {
        # Bazel does not map the path of an action's tool: it has to be one that needs no mapping.
        "mapped": attr.bool(doc = "Whether paths of outputs are mapped."),
        "arch": attr.string(values = ["wasm32", "wasm64"]),
        "thin": attr.bool(doc = "Whether the feature thin_lto is on."),
        "_granularity": attr.label(default = Label("//bazel:granularity"), providers = [GranularityInfo]),
    },
    provides = [CcToolchainConfigInfo],
)
