"""Targets of `@emscripten_cache//<mode>`: each library under its name, and `:cache` for what a module declared."""

load(":library.bzl", "emscripten_built")

def emscripten_cache_mode(mode, repo, owner):
    """Forward to the mode's repository.

    Args:
      mode: content of `mode.json`.
      repo: name of the mode's repository.
      owner: the module whose declared targets `:cache` is.
    """
    for target in list(mode["libraries"].keys()) + mode["ports"]:
        emscripten_built(name = target, libraries = ["@%s//:%s" % (repo, target)], tags = ["manual"])
    emscripten_built(name = "cache", libraries = ["@%s//:%s" % (repo, target) for target in mode["owned"].get(owner, [])])
