"""The Python that actions run: a registered hermetic one, or the machine's, as an input with a relative path."""

PythonInfo = provider("A Python interpreter for actions.", fields = {
    "interpreter": "File: the executable.",
    "files": "depset of files that it needs.",
})

_TYPE = "@bazel_tools//tools/python:toolchain_type"

def _python_impl(ctx):
    toolchain = ctx.toolchains[_TYPE]
    runtime = toolchain.py3_runtime if toolchain else None
    interpreter = runtime.interpreter if runtime else None

    # Bazel's autodetecting toolchain offers a shell script; that one is passed over.
    if interpreter and interpreter.extension not in ("sh", "bat"):
        return [PythonInfo(interpreter = interpreter, files = depset([interpreter], transitive = [runtime.files]))]
    return [PythonInfo(interpreter = ctx.file.host, files = depset([ctx.file.host]))]

# Resolved for the machine that runs actions: depend on it with `cfg = "exec"`.
python = rule(
    implementation = _python_impl,
    attrs = {"host": attr.label(allow_single_file = True)},
    toolchains = [config_common.toolchain_type(_TYPE, mandatory = False)],
)

def find_python(context):
    """The Python for repository rules and extensions: `EMROOT_PYTHON`, or the first on PATH."""
    given = context.getenv("EMROOT_PYTHON")
    found = context.path(given) if given else (context.which("python3") or context.which("python"))
    if not found:
        fail("emroot needs Python 3.11 or later: put python3 on PATH, or set EMROOT_PYTHON")
    return found

def _host_python_impl(rctx):
    found = find_python(rctx)
    told = rctx.execute([found, "-I", "-c", "import sys; print(sys.executable); sys.exit(sys.version_info < (3, 11))"])
    if told.return_code:
        fail("emroot needs Python 3.11 or later, %s is not: put one on PATH, or set EMROOT_PYTHON" % found)
    rctx.file("bazel.bzl", "BAZEL_MAJOR = %s\n" % (native.bazel_version or "7").split(".")[0])
    name = "python.exe" if "windows" in rctx.os.name else "python3"
    rctx.symlink(told.stdout.strip(), name)
    rctx.file("BUILD.bazel", 'exports_files(["%s"])\n\nalias(\n    name = "python",\n    actual = "%s",\n    visibility = ["//visibility:public"],\n)\n' % (name, name))

host_python = repository_rule(implementation = _host_python_impl)
