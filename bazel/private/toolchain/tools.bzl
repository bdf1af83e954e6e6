"""The tools of the toolchain as executables: a launcher for each, which starts the driver
(`src/emroot/bazel/toolchain/emcc_wrapper.py`) with Python.

A launcher finds all else from where it lies itself, so that it works wherever it is started, with nothing in the environment.
"""

load("//bazel/private/sdk:providers.bzl", "HeadersInfo", "SdkInfo")
load("//bazel/private/sdk:python.bzl", "PythonInfo")
load("//bazel/private/sdk:run_tool.bzl", "batch_file")
load("//bazel/private/sdk:sources.bzl", "SourcesInfo")

ToolsInfo = provider("The tools of the toolchain.", fields = {
    "files": "depset: what they need, but for an SDK, headers and sources.",
    "tools": "dict: launchers (Files) by the names of tools.",
})

# As the SDK calls its programs.
TOOLS = ["emcc", "em++", "emar", "emdwp", "emnm", "emranlib", "emsize", "emstrip", "llvm-objcopy"]

_POSIX = """\
#!/bin/sh
here="${{0%/*}}/{up}"
exec "$here/{python}" -I -S -B "$here/{driver}" {tool} "$here" {known} "$@"
"""

def _tools_impl(ctx):
    windows = ctx.target_platform_has_constraint(ctx.attr._windows[platform_common.ConstraintValueInfo])
    python, driver = ctx.attr._python[PythonInfo], ctx.file._driver
    directories = [headers[HeadersInfo].directory for headers in (ctx.attr._headers, ctx.attr._clang_headers)]
    known = [file.path for file in [ctx.attr._sdk[SdkInfo].about] + directories + [ctx.attr._sources[SourcesInfo].archive]]
    found = {}
    for tool in TOOLS:
        launcher = ctx.actions.declare_file("%s/%s%s" % (ctx.label.name, tool, ".bat" if windows else ""))
        if windows:
            text = batch_file(launcher, [python.interpreter, "-I", "-S", "-B", driver, tool, struct(path = "")] + known)
        else:
            text = _POSIX.format(
                driver = driver.path,
                known = " ".join(known),
                python = python.interpreter.path,
                tool = tool,
                up = "/".join([".."] * launcher.path.count("/")),
            )
        ctx.actions.write(launcher, text, is_executable = True)
        found[tool] = launcher
    files = depset(found.values() + [driver], transitive = [python.files, ctx.attr._driver_files[DefaultInfo].files])
    return [DefaultInfo(files = depset(found.values())), ToolsInfo(files = files, tools = found)]

# For the machine that runs actions: depend on it with `cfg = "exec"`.
emscripten_tools = rule(
    implementation = _tools_impl,
    attrs = {
        "_clang_headers": attr.label(default = Label("//bazel/private/sdk:clang_headers"), providers = [HeadersInfo]),
        "_driver": attr.label(default = Label("//:src/emroot/bazel/toolchain/emcc_wrapper.py"), allow_single_file = True),
        "_driver_files": attr.label(default = Label("//:driver")),
        "_headers": attr.label(default = Label("//bazel/private/sdk:headers"), providers = [HeadersInfo]),
        "_python": attr.label(default = Label("//bazel/private/sdk:python"), providers = [PythonInfo]),
        "_sdk": attr.label(default = Label("@emscripten_sdk//:sdk"), providers = [SdkInfo]),
        "_sources": attr.label(default = Label("//bazel/private/sdk:sources"), providers = [SourcesInfo]),
        "_windows": attr.label(default = Label("@platforms//os:windows")),
    },
    provides = [ToolsInfo],
)
