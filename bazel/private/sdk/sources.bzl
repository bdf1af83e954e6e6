"""All that a link needs to make objects of system libraries by itself, as one input of it."""

load(":run_tool.bzl", "TOOL_ATTRIBUTES", "run_tool")

SourcesInfo = provider("What links make objects of.", fields = {"archive": "File: see `src/emroot/bazel/toolchain/source_package.py`."})

def _sources_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".zip")
    args, archives = ctx.actions.args(), ctx.files._archives
    args.add_all([out, ctx.file._identity] + archives)
    inputs = depset([ctx.file._identity] + archives)
    run_tool(ctx, ctx.file._program, [args], inputs, [out], "EmscriptenSources", "Packing Emscripten's sources", [ctx.attr._driver[DefaultInfo].files])
    return [DefaultInfo(files = depset([out])), SourcesInfo(archive = out)]

emscripten_sources = rule(
    implementation = _sources_impl,
    attrs = TOOL_ATTRIBUTES | {
        "_archives": attr.label(default = Label("@emscripten_sources//:sources")),
        "_driver": attr.label(default = Label("//:driver")),
        "_identity": attr.label(default = Label("@emscripten_sdk//:identity.json"), allow_single_file = True),
        "_program": attr.label(default = Label("//:src/emroot/bazel/toolchain/source_package.py"), allow_single_file = True),
    },
    provides = [SourcesInfo],
)
