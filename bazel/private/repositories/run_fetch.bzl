"""Running `src/emroot/bazel/repositories/repository_fetch.py` while a repository is fetched."""

load(":bazel_versions.bzl", "home_directory")

_PYTHON = Label("@emroot_python//:path")
_FETCH = Label("//:src/emroot/bazel/repositories/repository_fetch.py")

def run_fetch(rctx, verb, request, what):
    """Have `repository_fetch.py` answer `request` in the repository's directory. Fails with its one line."""
    program = rctx.path(_FETCH)
    if hasattr(rctx, "watch_tree"):
        rctx.watch_tree(program.dirname.dirname.dirname)
    rctx.file("request.json", json.encode(dict(request, home = str(rctx.path("home")))))
    done = rctx.execute(
        [rctx.read(_PYTHON), "-I", "-B", program, verb, rctx.path("request.json"), rctx.path(".")],
        timeout = 1800,
    )
    if done.return_code:
        fail("%s: %s" % (what, done.stderr.strip()))

def ask_sdk(rctx, verb, request, what):
    """The same for the SDK of the attribute `sdk`, a label of its `where.json`."""
    where, directory = json.decode(rctx.read(rctx.attr.sdk)), rctx.path(rctx.attr.sdk).dirname
    own = {"config": where["config"], "root": where["root"], "seed": str(directory.get_child("home"))}
    run_fetch(rctx, verb, request | own | {"headers": str(directory.get_child("headers"))}, what)

def find_directory(rctx, path, who):
    """A directory that `who` names: absolute, from `~`, or relative to the workspace. Fails if it is not there."""
    if path.startswith("~"):
        path = home_directory(rctx, who) + path[1:]
    absolute = path.startswith("/") or path[1:2] == ":"
    found = rctx.path(path) if absolute else rctx.workspace_root.get_child(path)
    if not found.exists:
        fail("%s = \"%s\": there is no such directory (looked at %s)\n  hint: correct the path" % (who, path, found))
    return found
