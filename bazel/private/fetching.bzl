"""Running `src/emroot/bazel/fetch.py` while a repository is fetched."""

load(":python.bzl", "find_python")

_FETCH = Label("//:src/emroot/bazel/fetch.py")

def run_fetch(rctx, verb, request, what):
    """Have `fetch.py` answer `request` in the repository's directory. Fails with its one line."""
    program = rctx.path(_FETCH)
    if hasattr(rctx, "watch_tree"):
        rctx.watch_tree(program.dirname.dirname)
    rctx.file("request.json", json.encode(dict(request, home = str(rctx.path("home")))))
    done = rctx.execute(
        [find_python(rctx), "-I", "-B", program, verb, rctx.path("request.json"), rctx.path(".")],
        timeout = 1800,
        environment = {"EMCC_CFLAGS": "", "EMROOT_HOME": ""},
    )
    if done.return_code:
        fail("%s: %s" % (what, done.stderr.strip()))
