"""The SDK's headers, as it installs them in a cache."""

load(":providers.bzl", "HeadersInfo", "SdkInfo")
load(":python.bzl", "PythonInfo")
load(":run_tool.bzl", "run_tool")

def _headers_impl(ctx):
    sdk = ctx.attr._sdk[SdkInfo]
    out = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add_all([out], expand_directories = False)
    args.add(sdk.about.dirname + "/headers")
    run_tool(
        ctx,
        ctx.attr._python[PythonInfo],
        ctx.file._merge,
        [args],
        inputs = depset([sdk.about], transitive = [sdk.headers]),
        outputs = [out],
        mnemonic = "EmscriptenHeaders",
        message = "Installing Emscripten's headers",
        tools = [ctx.attr._driver[DefaultInfo].files],
    )
    return [DefaultInfo(files = depset([out])), HeadersInfo(directory = out)]

emscripten_headers = rule(
    implementation = _headers_impl,
    doc = "The SDK's headers as one directory, shared by all modes.",
    attrs = {
        "_driver": attr.label(default = Label("//:driver"), cfg = "exec"),
        "_merge": attr.label(default = Label("//:src/emroot/bazel/libraries/cache_assembly.py"), allow_single_file = True, cfg = "exec"),
        "_python": attr.label(default = Label("//bazel/private/sdk:python"), cfg = "exec", providers = [PythonInfo]),
        "_sdk": attr.label(default = Label("@emscripten_sdk//:sdk"), cfg = "exec", providers = [SdkInfo]),
    },
    provides = [HeadersInfo],
)
