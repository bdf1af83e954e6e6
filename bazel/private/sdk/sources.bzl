"""All that a link needs to make objects of system libraries by itself, as one input of it."""

load(":providers.bzl", "HeadersInfo", "SdkInfo")
load(":run_tool.bzl", "TOOL_ATTRIBUTES", "run_tool")

SourcesInfo = provider("What links make objects of.", fields = {"archive": "File: see `src/emroot/bazel/toolchain/source_package.py`."})

def _sources_impl(ctx):
    sdk, headers = ctx.attr._sdk[SdkInfo], ctx.attr._headers[HeadersInfo].directory
    out = ctx.actions.declare_file(ctx.label.name + ".zip")
    package = ctx.attr._package[DefaultInfo].files
    args, listed = ctx.actions.args(), ctx.actions.args()
    args.add_all([out, sdk.about, ctx.file._identity])
    args.add_all([headers], expand_directories = False)
    args.add(ctx.file._program.dirname.removesuffix("/bazel/toolchain"))
    listed.add_all(depset(transitive = [sdk.sources, package]))
    listed.use_param_file("@%s", use_always = True)
    listed.set_param_file_format("multiline")
    inputs = depset([sdk.about, ctx.file._identity, headers], transitive = [sdk.sources, package])
    run_tool(ctx, ctx.file._program, [args, listed], inputs, [out], "EmscriptenSources", "Packing Emscripten's sources")
    return [DefaultInfo(files = depset([out])), SourcesInfo(archive = out)]

emscripten_sources = rule(
    implementation = _sources_impl,
    attrs = TOOL_ATTRIBUTES | {
        "_headers": attr.label(default = Label("//bazel/private/sdk:headers"), providers = [HeadersInfo]),
        "_identity": attr.label(default = Label("@emscripten_sdk//:identity.json"), allow_single_file = True),
        "_package": attr.label(default = Label("//:package")),
        "_program": attr.label(default = Label("//:src/emroot/bazel/toolchain/source_package.py"), allow_single_file = True),
    },
    provides = [SourcesInfo],
)
