"""Running emroot's Python programs as actions."""

load(":providers.bzl", "SdkInfo")
load(":python.bzl", "PythonInfo")

# Of every rule that does. For the machine that runs the actions.
TOOL_ATTRIBUTES = {
    "_python": attr.label(default = Label("//bazel/private/sdk:python"), cfg = "exec", providers = [PythonInfo]),
    "_sdk": attr.label(default = Label("@emscripten_sdk//:sdk"), cfg = "exec", providers = [SdkInfo]),
}

def program(path):
    """The attribute for a program, or a module that it imports, by its path in the package."""
    return attr.label(default = Label("//:src/emroot/" + path), allow_single_file = True, cfg = "exec")

def batch_file(launcher, words):
    """What starts a program on Windows, where no shell can be counted on. It finds all from where it lies itself.

    Args:
        launcher: the batch file.
        words: its command; a struct is a File, or has in `path` what lies below the execution root.

    Returns:
        The content of the batch file.
    """
    up = "\\".join([".."] * launcher.path.count("/"))
    said = [word if type(word) == "string" else "\"%%~dp0%s\"" % "\\".join([up] + ([word.path.replace("/", "\\")] if word.path else [])) for word in words]
    return "@echo off\r\n%s %%*\r\n" % " ".join(said)

def run_tool(ctx, program, arguments, inputs, outputs, mnemonic, message, tools = [], **kwargs):
    """Run a program (File) with a list of Args; `tools`: depsets of what it imports."""
    python, start = ctx.attr._python[PythonInfo], ctx.actions.args()
    start.add_all(["-I", "-S", "-B", program])
    ctx.actions.run(
        executable = python.interpreter,
        arguments = [start] + arguments,
        inputs = inputs,
        tools = [depset([program]), python.files] + tools,
        outputs = outputs,
        # What is said and the order of directory listings must not depend on the machine's settings.
        env = {"LC_ALL": "C", "PYTHONHASHSEED": "0"},
        mnemonic = mnemonic,
        progress_message = message,
        execution_requirements = {"supports-path-mapping": "1"},
        toolchain = None,
        **kwargs
    )
