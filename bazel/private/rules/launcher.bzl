"""Running a program: a script that starts the toolchain's Python, which unpacks the program and runs it under the SDK's Node."""

load("//bazel/private/sdk:providers.bzl", "SdkInfo")
load("//bazel/private/sdk:python.bzl", "PythonInfo")
load("//bazel/private/sdk:run_tool.bzl", "TOOL_ATTRIBUTES", "batch_file")
load(":link.bzl", "programs")

ArgumentsInfo = provider("How a cc_binary or cc_test is to be started.", fields = {"args": "list of its `args`, locations expanded."})

def _arguments_impl(_target, ctx):
    words = []
    for word in getattr(ctx.rule.attr, "args", []):
        # As Bazel expands them where it starts a program: to paths in its runfiles.
        word = word.replace("$(location ", "$(rootpath ").replace("$(locations ", "$(rootpaths ")
        words.append(ctx.expand_location(word, getattr(ctx.rule.attr, "data", [])))
    return [ArgumentsInfo(args = words)]

arguments_aspect = aspect(
    implementation = _arguments_impl,
    doc = "Reads the `args` of what is wrapped: no provider tells them.",
)

# A test sees the files and variables that Bazel has for it, and ends when its main returns (`link_action.py: for_tests`).
TEST_LINKOPTS = ["--emroot-test"]

LAUNCHER_ATTRIBUTES = TOOL_ATTRIBUTES | {
    "_run": attr.label(default = Label("//:src/emroot/bazel/toolchain/program_runner.py"), allow_single_file = True),
}

_LAUNCHER = """\
#!/bin/sh
here=${{RUNFILES_DIR:-${{TEST_SRCDIR:-$0.runfiles}}}}
exec {words} "$@"
"""

def _path(ctx, file):
    """Where a file lies below the runfiles directory."""
    return file.short_path[3:] if file.short_path.startswith("../") else ctx.workspace_name + "/" + file.short_path

def _quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"

def _quoted_for_windows(word):
    return "\"%s\"" % word.replace("%", "%%").replace("\"", "\\\"")

def find_node(sdk):
    """The SDK's Node (File), or None."""
    found = [f for f in sdk.linker.to_list() if f.basename in ("node", "node.exe") and "/node/" in f.path]
    return found[0] if found else None

def write_launcher(ctx, python, run, node, packed, arguments):
    """The launcher for a program, `packed` by its link, which gives it `arguments` before its own; and its runfiles."""
    words = ["\"$here/%s\"" % _path(ctx, python.interpreter), "-I", "-B"]
    words += ["\"$here/%s\"" % _path(ctx, file) for file in (run, node, packed)]
    words += [_quoted(word) for word in arguments]
    windows = python.interpreter.extension == "exe"
    launcher = ctx.actions.declare_file(ctx.label.name + (".bat" if windows else ".sh"))
    if windows:
        text = batch_file(launcher, [python.interpreter, "-I", "-B", run, node, packed] + [_quoted_for_windows(word) for word in arguments])
    else:
        text = _LAUNCHER.format(words = " ".join(words))
    ctx.actions.write(launcher, text, is_executable = True)
    return launcher, ctx.runfiles([launcher, node, packed, run], transitive_files = python.files)

def make_launcher(ctx, target, packed, runner = None):
    """The launcher for a cc_binary or cc_test, and its runfiles; both None without Node and a `runner` in its stead."""
    node = runner[DefaultInfo].files_to_run.executable if runner else find_node(ctx.attr._sdk[SdkInfo])
    if not node:
        return None, None
    words = [word for arg in target[ArgumentsInfo].args for word in ctx.tokenize(arg)]
    launcher, runfiles = write_launcher(ctx, ctx.attr._python[PythonInfo], ctx.file._run, node, packed, words)
    return launcher, runfiles.merge(without(ctx, target[DefaultInfo].default_runfiles, programs(target)))

def without(ctx, runfiles, files):
    """Runfiles but for some: a program is among its own, and would be linked although nobody runs it."""
    files = [found for found in runfiles.files.to_list() if found not in files]
    return ctx.runfiles(files, symlinks = _links(runfiles.symlinks), root_symlinks = _links(runfiles.root_symlinks))

def _links(entries):
    return {entry.path: entry.target_file for entry in entries.to_list()}

def environment_of(target, more = {}, inherited = []):
    """What is in the environment of a program that is run: what the wrapped target says of it, and more."""
    said = target[RunEnvironmentInfo] if RunEnvironmentInfo in target else None
    return RunEnvironmentInfo(
        environment = (said.environment if said else {}) | more,
        inherited_environment = (list(said.inherited_environment) if said else []) + inherited,
    )
