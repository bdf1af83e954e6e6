"""Targets of `@emscripten_cache//<mode>`: each library under its name, and `:cache` for what a module declared."""

load("//bazel/private/repositories:port_repository.bzl", "as_name")
load("//bazel/private/sdk:providers.bzl", "HeadersInfo")
load("//bazel/private/sdk:python.bzl", "PythonInfo")
load("//bazel/private/sdk:run_tool.bzl", "run_tool")
load(":library.bzl", "emscripten_built")

def emscripten_cache_mode(mode, repo, owner):
    """Forward to the mode's repository.

    Args:
      mode: content of `mode.json`.
      repo: name of the mode's repository.
      owner: the module whose declared targets `:cache` is.
    """
    for target in mode["libraries"].keys() + [as_name(port) for port in mode["ports"]]:
        emscripten_built(name = target, libraries = ["@%s//:%s" % (repo, target)], tags = ["manual"])
    emscripten_built(name = "cache", libraries = ["@%s//:%s" % (repo, as_name(target)) for target in mode["owned"].get(owner, [])])

def emscripten_ports(modes):
    """For each declared port, a target that is the port in the mode of the program that depends on it.

    Args:
      modes: content of `mode.json` by the mode's repository.
    """
    found = {}
    for repo, mode in modes.items():
        for port in mode["ports"]:
            found.setdefault(as_name(port), {})[Label("//bazel/private/modes:mode_" + mode["mode"])] = "@%s//:%s.cc" % (repo, as_name(port))
    for port, choices in found.items():
        native.alias(name = port, actual = select(choices, no_match_error = "port %s is not declared for this mode: add its features to emscripten_deps.cache" % port))

def _directory_impl(ctx):
    out = ctx.actions.declare_directory("cache")
    headers = ctx.attr._headers[HeadersInfo].directory
    args = ctx.actions.args()
    args.add_all([out, headers], expand_directories = False)
    libraries = depset(transitive = [dep[DefaultInfo].files for dep in ctx.attr.libraries + [ctx.attr.shipped]])
    args.add_all(libraries, expand_directories = False)
    run_tool(
        ctx,
        ctx.attr._python[PythonInfo],
        ctx.file._merge,
        [args],
        inputs = depset([headers], transitive = [libraries]),
        outputs = [out],
        mnemonic = "EmscriptenCache",
        message = "Putting together %{label}",
        tools = [ctx.attr._driver_files[DefaultInfo].files],
    )
    return [DefaultInfo(files = depset([out]))]

emscripten_cache_directory = rule(
    implementation = _directory_impl,
    doc = "One directory that a frozen emcc takes as its cache.",
    attrs = {
        "libraries": attr.label_list(cfg = "exec"),
        "shipped": attr.label(doc = "What the SDK ships.", cfg = "exec"),
        "_driver_files": attr.label(default = Label("//:driver"), cfg = "exec"),
        "_headers": attr.label(default = Label("//bazel/private/sdk:headers"), cfg = "exec", providers = [HeadersInfo]),
        "_merge": attr.label(default = Label("//:src/emroot/bazel/libraries/cache_assembly.py"), allow_single_file = True, cfg = "exec"),
        "_python": attr.label(default = Label("//bazel/private/sdk:python"), cfg = "exec", providers = [PythonInfo]),
    },
)

# What emsdk's toolchain tells its tools by environment, in the words of its own configuration.
_EMSDK_CONFIG = """\
import os

ROOT_DIR = os.environ["ROOT_DIR"]
EMSCRIPTEN_ROOT = os.environ["EMSCRIPTEN"]
BINARYEN_ROOT = os.path.join(ROOT_DIR, os.environ["EM_BIN_PATH"])
LLVM_ROOT = os.path.join(BINARYEN_ROOT, "bin")
NODE_JS = os.path.join(ROOT_DIR, os.environ["NODE_JS_PATH"])
FROZEN_CACHE = True
CLOSURE_COMPILER = [NODE_JS, os.path.join(EMSCRIPTEN_ROOT, "node_modules", "google-closure-compiler", "cli.js")]
CACHE = os.path.join(ROOT_DIR, os.path.dirname(os.environ["EM_CONFIG_PATH"]), "cache")
"""

def _emsdk_config_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, _EMSDK_CONFIG)
    return [DefaultInfo(files = depset([out]))]

emsdk_config = rule(
    implementation = _emsdk_config_impl,
    doc = "The configuration for emsdk's toolchain; it lies beside the cache directory.",
)
