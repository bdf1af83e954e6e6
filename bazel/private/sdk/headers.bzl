"""The SDK's headers, as it installs them in a cache."""

load(":providers.bzl", "HeadersInfo")
load(":run_tool.bzl", "TOOL_ATTRIBUTES", "program", "run_tool")

ASSEMBLY_ATTRIBUTES = TOOL_ATTRIBUTES | {
    "_assemble": program("bazel/libraries/cache_assembly.py"),
    "_driver": attr.label(default = Label("//:driver"), cfg = "exec"),
}

def assemble_cache(ctx, out, headers, libraries, inputs, mnemonic, message):
    """Put `headers` (Files: directories or archives) and `libraries` (depset) together in the directory `out`."""
    args = ctx.actions.args()
    args.add_all([out] + headers, expand_directories = False)
    args.add_all(libraries, expand_directories = False)
    tools = [ctx.attr._driver[DefaultInfo].files]
    run_tool(ctx, ctx.file._assemble, [args], inputs, [out], mnemonic, message, tools)

def _install(ctx, name, mnemonic, message):
    """The directory `name` of what is in the rule's archives."""
    out = ctx.actions.declare_directory(name)
    archives = ctx.files._archives
    assemble_cache(ctx, out, archives, depset(), depset(archives), mnemonic, message)
    return [DefaultInfo(files = depset([out])), HeadersInfo(directory = out)]

def _headers_impl(ctx):
    return _install(ctx, ctx.label.name, "EmscriptenHeaders", "Installing Emscripten's headers")

def _clang_headers_impl(ctx):
    return _install(ctx, ctx.label.name + "/include", "ClangHeaders", "Installing clang's headers")

clang_headers = rule(
    implementation = _clang_headers_impl,
    doc = "Clang's own headers as one directory: one input of a compile instead of hundreds.",
    attrs = ASSEMBLY_ATTRIBUTES | {"_archives": attr.label(default = Label("@emscripten_sources//:clang.zip"), allow_single_file = True)},
    provides = [HeadersInfo],
)

emscripten_headers = rule(
    implementation = _headers_impl,
    doc = "The SDK's headers as one directory, shared by all modes.",
    attrs = ASSEMBLY_ATTRIBUTES | {"_archives": attr.label(default = Label("@emscripten_sources//:headers"))},
    provides = [HeadersInfo],
)
