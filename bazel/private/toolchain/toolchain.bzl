"""A C++ toolchain for each architecture."""

load("@rules_cc//cc/toolchains:cc_toolchain.bzl", "cc_toolchain")
load("//bazel/private/libraries:selection.bzl", "runtime_libraries")
load("//bazel/private/modes:features.bzl", "MODE_OPTIONS")
load(":toolchain_config.bzl", "emscripten_toolchain_config", "toolchain_files")

def _conditions(name, value):
    """Conditions of a `select`: the feature, and options that say the same."""
    said = {Label("//bazel/private/modes:linkopt_%s_%d" % (name, n)): value for n in range(len(MODE_OPTIONS[name]))}
    return said if name == "wasm64" else said | {Label("//bazel/private/modes:feature_" + name): value}

def _link_of(name, mode):
    """The target with the libraries of a link of a mode."""
    link = "%s_link_of_%s" % (name, mode)
    native.alias(name = link, actual = select({
        Label("//bazel/private/modes:lazy"): Label("@emscripten_declared//:" + mode),
        "//conditions:default": Label("@emscripten_mode_%s//:link" % mode.replace("-", "_")),
    }))
    return link

def _mode_libraries(name, arch):
    """`NAME_libraries`: those of a link of the mode that features and options choose. An option makes wasm64 of any platform."""
    for bits in [arch] + (["wasm64"] if arch == "wasm32" else []):
        for pic in ("", "-pic"):
            native.alias(name = "%s_%s_link%s" % (name, bits, pic.replace("-", "_")), actual = select(
                _conditions("lto", _link_of(name, "%s-lto%s" % (bits, pic))) |
                _conditions("thin_lto", _link_of(name, "%s-thinlto%s" % (bits, pic))) |
                {"//conditions:default": _link_of(name, bits + pic)},
            ))
        pic = "%s_%s_link_pic" % (name, bits)
        native.alias(name = "%s_%s_libraries" % (name, bits), actual = select(
            _conditions("main_module", pic) | _conditions("side_module", pic) |
            {"//conditions:default": "%s_%s_link" % (name, bits)},
        ))
    native.alias(name = name + "_libraries", actual = select(
        _conditions("wasm64", name + "_wasm64_libraries") | {"//conditions:default": "%s_%s_libraries" % (name, arch)},
    ))

def emscripten_toolchain(name, arch):
    """The toolchain of an architecture and what it consists of: targets whose names begin with `name`."""
    _mode_libraries(name, arch)
    for linking in ("static", "dynamic"):
        runtime_libraries(name = "%s_%s_runtime" % (name, linking), libraries = name + "_libraries", linking = linking)
    for part in ("compile", "link", "archive", "all"):
        toolchain_files(name = "%s_%s_files" % (name, part), part = part)
    emscripten_toolchain_config(
        name = name + "_config",
        arch = arch,
        mapped = select({Label("//bazel/private/toolchain:mapped"): True, "//conditions:default": False}),
        thin = select({Label("//bazel/private/modes:feature_thin_lto"): True, "//conditions:default": False}),
    )
    cc_toolchain(
        name = name + "_cc",
        all_files = name + "_all_files",
        ar_files = name + "_archive_files",
        as_files = name + "_compile_files",
        compiler_files = name + "_compile_files",
        # Where the C++ runtime goes according to the feature static_link_cpp_runtimes: unlike the other files of a
        # toolchain, it is looked at in the configuration of the program, where its features are known.
        dynamic_runtime_lib = name + "_dynamic_runtime",
        dwp_files = name + "_all_files",
        linker_files = name + "_link_files",
        objcopy_files = name + "_all_files",
        static_runtime_lib = name + "_static_runtime",
        strip_files = name + "_all_files",
        supports_header_parsing = True,
        supports_param_files = True,
        toolchain_config = name + "_config",
    )
