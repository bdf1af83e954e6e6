"""Targets of `@emscripten_cache//<mode>`: each library under its name, and `:cache` for what a module declared."""

load("//bazel/private/repositories:port_repository.bzl", "as_name")
load("//bazel/private/sdk:headers.bzl", "ASSEMBLY_ATTRIBUTES", "assemble_cache")
load("//bazel/private/sdk:providers.bzl", "HeadersInfo")
load(":library.bzl", "emscripten_built")

def emscripten_cache_mode(mode, repo, owner):
    """Forward to the repository `repo` of a mode, whose `mode.json` is `mode`. `:cache` is what the module `owner` declared."""
    for target in mode["libraries"].keys() + [as_name(port) for port in mode["ports"]]:
        emscripten_built(name = target, libraries = ["@%s//:%s" % (repo, target)], tags = ["manual"])
    emscripten_built(name = "cache", libraries = ["@%s//:%s" % (repo, as_name(target)) for target in mode["owned"].get(owner, [])])

def emscripten_ports(modes):
    """For each port declared in `modes` (`mode.json` by repository), a target that is the port in the mode of its program."""
    found = {}
    for repo, mode in modes.items():
        for port in mode["ports"]:
            found.setdefault(as_name(port), {})[Label("//bazel/private/modes:mode_" + mode["mode"])] = "@%s//:%s.cc" % (repo, as_name(port))
    for port, choices in found.items():
        native.alias(name = port, actual = select(choices, no_match_error = "port %s is not declared for this mode: add its features to emscripten_deps.cache" % port))

def _directory_impl(ctx):
    out = ctx.actions.declare_directory("cache")
    headers = ctx.attr._headers[HeadersInfo].directory
    libraries = depset(transitive = [dep[DefaultInfo].files for dep in ctx.attr.libraries + [ctx.attr.shipped]])
    inputs = depset([headers], transitive = [libraries])
    assemble_cache(ctx, out, [headers], libraries, inputs, "EmscriptenCache", "Putting together %{label}")
    return [DefaultInfo(files = depset([out]))]

emscripten_cache_directory = rule(
    implementation = _directory_impl,
    doc = "One directory that a frozen emcc takes as its cache.",
    attrs = ASSEMBLY_ATTRIBUTES | {
        "libraries": attr.label_list(cfg = "exec"),
        "shipped": attr.label(doc = "What the SDK ships.", cfg = "exec"),
        "_headers": attr.label(default = Label("//bazel/private/sdk:headers"), cfg = "exec", providers = [HeadersInfo]),
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
    out = ctx.actions.declare_file("emscripten_config")
    ctx.actions.write(out, _EMSDK_CONFIG)
    return [DefaultInfo(files = depset([out]))]

emsdk_config = rule(
    implementation = _emsdk_config_impl,
    doc = "The configuration for emsdk's toolchain; it lies next to the cache directory.",
)

def _for_actions_impl(ctx):
    return [DefaultInfo(files = ctx.attr.actual[DefaultInfo].files)]

for_actions = rule(
    implementation = _for_actions_impl,
    doc = "Files as actions have them, whoever asks: emsdk's toolchain names its configuration in one configuration, and has its files in another.",
    attrs = {"actual": attr.label(cfg = "exec")},
)
