"""The Python that actions run: a registered hermetic one, or the machine's, as an input with a relative path."""

PythonInfo = provider("A Python interpreter for actions.", fields = {
    "interpreter": "File: the executable.",
    "files": "depset of files that it needs.",
})

_TYPE = "@bazel_tools//tools/python:toolchain_type"

# The oldest that emroot's programs run on, and names under which one may be found where `python3` is older.
_OLDEST = (3, 11)
_NAMES = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"]
_HINT = "put one on PATH, or name one with --repo_env=EMROOT_PYTHON=/path/to/python3"

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
    return [PythonInfo(interpreter = ctx.file.host, files = depset([ctx.file.host]))]

# Resolved for the machine that runs actions: depend on it with `cfg = "exec"`.
python = rule(
    implementation = _python_impl,
    attrs = {"host": attr.label(allow_single_file = True)},
    toolchains = [config_common.toolchain_type(_TYPE, mandatory = False)],
)

def find_python(context):
    """The Python that repository rules run: `EMROOT_PYTHON`, or the first on PATH that is new enough."""
    given = context.getenv("EMROOT_PYTHON")
    seen = []
    for found in [context.path(given)] if given else [context.which(name) for name in _NAMES]:
        if not found or found in seen:
            continue
        seen.append(found)
        said = context.execute([found, "-I", "-c", "import sys; print(sys.executable); sys.exit(sys.version_info < (3, 11))"])
        if not said.return_code:
            return context.path(said.stdout.strip())
    fail("emroot needs Python 3.11 or later%s\n  hint: %s" % (", and %s is not" % seen[0] if seen else "", _HINT))

def _host_python_impl(rctx):
    found = find_python(rctx)
    name = "python.exe" if "windows" in rctx.os.name else "python3"
    rctx.symlink(found, name)
    rctx.file("BUILD.bazel", 'exports_files(["%s"])\n\nalias(\n    name = "python",\n    actual = "%s",\n    visibility = ["//visibility:public"],\n)\n' % (name, name))

host_python = repository_rule(implementation = _host_python_impl)
