"""The SDK's headers, as it installs them in a cache."""

load(":providers.bzl", "HeadersInfo", "SdkInfo")
load(":run_tool.bzl", "TOOL_ATTRIBUTES", "program", "run_tool")

ASSEMBLY_ATTRIBUTES = TOOL_ATTRIBUTES | {
    "_assemble": program("bazel/libraries/cache_assembly.py"),
    "_driver": attr.label(default = Label("//:driver"), cfg = "exec"),
}

def assemble_cache(ctx, out, headers, libraries, inputs, mnemonic, message):
    """Put the directory `headers` (File or path) and `libraries` (depset) together in the directory `out`."""
    args = ctx.actions.args()
    args.add_all([out, headers], expand_directories = False)
    args.add_all(libraries, expand_directories = False)
    tools = [ctx.attr._driver[DefaultInfo].files]
    run_tool(ctx, ctx.file._assemble, [args], inputs, [out], mnemonic, message, tools)

def _headers_impl(ctx):
    sdk = ctx.attr._sdk[SdkInfo]
    out = ctx.actions.declare_directory(ctx.label.name)
    inputs = depset([sdk.about], transitive = [sdk.headers])
    assemble_cache(ctx, out, sdk.about.dirname + "/headers", depset(), inputs, "EmscriptenHeaders", "Installing Emscripten's headers")
    return [DefaultInfo(files = depset([out])), HeadersInfo(directory = out)]

def _clang_headers_impl(ctx):
    sdk = ctx.attr._sdk[SdkInfo]
    out = ctx.actions.declare_directory(ctx.label.name + "/include")
    assemble_cache(ctx, out, sdk.own_headers, depset(), sdk.own_header_files, "ClangHeaders", "Installing clang's headers")
    return [DefaultInfo(files = depset([out])), HeadersInfo(directory = out)]

clang_headers = rule(
    implementation = _clang_headers_impl,
    doc = "Clang's own headers as one directory: one input of a compile instead of hundreds.",
    attrs = ASSEMBLY_ATTRIBUTES,
    provides = [HeadersInfo],
)

emscripten_headers = rule(
    implementation = _headers_impl,
    doc = "The SDK's headers as one directory, shared by all modes.",
    attrs = ASSEMBLY_ATTRIBUTES,
    provides = [HeadersInfo],
)
