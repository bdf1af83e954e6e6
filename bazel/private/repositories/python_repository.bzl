"""`@emroot_python`: the Python with which repositories are fetched, and that actions run where no toolchain has one.

It is `EMROOT_PYTHON`, or the first on PATH that is new enough, or else one that is downloaded; for other systems, always that.
"""

load("//bazel/private/sdk:python.bzl", "UNUSED")
load(":bazel_versions.bzl", "reproducible")
load(":downloads.bzl", "by_system", "download_interpreter", "host_system")

# Names under which one may be found where `python3` is too old.
_NAMES = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"]
_CHECK = "import sys; print(sys.executable); sys.exit(sys.version_info < (3, 11))"

_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(["path"])

filegroup(
    name = "own",
    srcs = ["{own}"],
)

filegroup(
    name = "own_files",
    srcs = glob(
        ["python/bin/python3*", "python/lib/lib*", "python/lib/python3.*/**", "python/*.dll", "python/DLLs/**", "python/Lib/**"],
        exclude = ["**/* *", "**/__pycache__/**"] + ["python/%s/**" % unused for unused in {unused}],
        allow_empty = True,
    ),
)
"""

_UNUSED = [lib + "/" + name for lib in ("lib/python3.*", "Lib") for name in UNUSED + ["config-*"]]
_ALIASES = """
alias(
    name = "python",
    actual = {python},
)

alias(
    name = "files",
    actual = {files},
)
"""

def _find_python(rctx):
    """A Python of this machine that is new enough (path), or None."""
    given = rctx.getenv("EMROOT_PYTHON")
    for found in [rctx.path(given)] if given else [rctx.which(name) for name in _NAMES]:
        said = rctx.execute([found, "-I", "-c", _CHECK]) if found else None
        if said and not said.return_code:
            return rctx.path(said.stdout.strip())
    if given:
        fail("EMROOT_PYTHON=%s is no Python 3.11 or later\n  hint: name another one, or remove --repo_env=EMROOT_PYTHON" % given)
    return None

def _python_repository_impl(rctx):
    system = rctx.attr.system or host_system(rctx)
    found = None if rctx.attr.system else _find_python(rctx)
    python = found or download_interpreter(rctx, "python", system, "python")
    own = "python.exe" if system == "win" else "python3"
    if found:
        rctx.symlink(found, own)
    else:
        own = str(python).removeprefix(str(rctx.path(".")) + "/")
    rctx.file("path", str(python))
    rctx.file("BUILD.bazel", _BUILD.format(own = own, unused = _UNUSED) + ("" if rctx.attr.system else _ALIASES.format(
        files = by_system(rctx, "emroot_python", "own_files", ":own_files"),
        python = by_system(rctx, "emroot_python", "own", ":own"),
    )))
    return reproducible(rctx) if rctx.attr.system else None

python_repository = repository_rule(
    implementation = _python_repository_impl,
    attrs = {
        "system": attr.string(doc = "Another system than the one that fetches."),
        "workers": attr.bool(doc = "Whether there are repositories for other systems."),
    },
)
