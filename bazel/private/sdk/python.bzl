"""The Python that actions run: that of a registered toolchain, or else of `@emroot_python`."""

PythonInfo = provider("A Python interpreter for actions.", fields = {
    "interpreter": "File: the executable.",
    "files": "depset of files that it needs.",
})

_TYPE = "@bazel_tools//tools/python:toolchain_type"

# The oldest that emroot's programs run on.
_OLDEST = (3, 11)

# Packages of the standard library that neither emroot nor emcc imports.
UNUSED = ["curses", "dbm", "distutils", "ensurepip", "idlelib", "lib2to3", "msilib", "pydoc_data", "site-packages", "sqlite3", "test", "tkinter", "turtledemo", "unittest", "venv", "wsgiref", "xmlrpc"]

def _is_needed(path):
    """Whether a file of an installation of Python (its path there) is one that programs need: the interpreter, its libraries, its packages."""
    parts = path.split("/")
    if parts[0] == "lib" and len(parts) > 2:
        return parts[1].startswith("python3") and parts[2] not in UNUSED and not parts[2].startswith("config-")
    if parts[0] == "Lib":
        return parts[1] not in UNUSED
    return parts[0] not in ("Scripts", "include", "libs", "share", "tcl") and (parts[0] != "bin" or parts[1].startswith("python"))

def _needed(interpreter, files):
    """Those files of a runtime that are needed: each is an input of each action, and a hermetic runtime has thousands."""
    top = interpreter.path.rpartition("/")[0].removesuffix("/bin") + "/"
    return depset([interpreter] + [f for f in files.to_list() if not f.path.startswith(top) or _is_needed(f.path.removeprefix(top))])

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
        return [PythonInfo(interpreter = interpreter, files = _needed(interpreter, runtime.files))]
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
