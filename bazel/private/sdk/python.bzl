"""The Python that actions run: that of a registered toolchain, or else of `@emroot_python`."""

PythonInfo = provider("A Python interpreter for actions.", fields = {
    "interpreter": "File: the executable.",
    "files": "depset of files that it needs.",
})

_TYPE = "@bazel_tools//tools/python:toolchain_type"

# The oldest that emroot's programs run on.
_OLDEST = (3, 11)

def _is_new_enough(runtime):
    """Whether a runtime says that it is; one that says nothing of its version may be anything."""
    version = getattr(runtime, "interpreter_version_info", None)
    return bool(version) and (version.major, version.minor) >= _OLDEST

def _python_impl(ctx):
    toolchain = ctx.toolchains[_TYPE]
    runtime = toolchain.py3_runtime if toolchain else None
    interpreter = runtime.interpreter if runtime else None

    # Bazel's autodetecting toolchain offers a shell script; that one is passed over, and so is a Python that is too old.
    if interpreter and interpreter.extension not in ("sh", "bat") and _is_new_enough(runtime):
        return [PythonInfo(interpreter = interpreter, files = depset([interpreter], transitive = [runtime.files]))]
    return [PythonInfo(interpreter = ctx.file.own, files = depset([ctx.file.own] + ctx.files.files))]

# Resolved for the machine that runs actions: depend on it with `cfg = "exec"`.
python = rule(
    implementation = _python_impl,
    attrs = {
        "files": attr.label(doc = "What `own` needs."),
        "own": attr.label(allow_single_file = True, doc = "The interpreter where no toolchain has one."),
    },
    toolchains = [config_common.toolchain_type(_TYPE, mandatory = False)],
)
