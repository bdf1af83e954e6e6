"""Running emroot's Python programs as actions."""

def run_tool(ctx, python, program, arguments, inputs, outputs, mnemonic, message, tools = [], **kwargs):
    """Run a program as an action.

    Args:
      ctx: of the rule.
      python: PythonInfo
      program: File: the program.
      arguments: list of Args, after the program's name.
      inputs: depset of Files
      outputs: list of Files
      mnemonic: of the action.
      message: what Bazel shows while it runs.
      tools: depsets of Files that the program imports.
      **kwargs: more for `ctx.actions.run`.
    """
    start = ctx.actions.args()
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
