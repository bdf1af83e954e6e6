"""`@emscripten_port_<target>`: the sources of a declared port and of those that it depends on, for all modes. Fetched when the
port is built, and not before: a link that does not use it needs no network."""

load(":run_fetch.bzl", "ask_sdk", "find_directory")

_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(["sources/marker"])

filegroup(
    name = "sources",
    srcs = glob(
        ["sources/**"],
        exclude = ["sources/marker", "**/.git/**"],
        allow_empty = True,
    ),
)
"""

def as_name(target):
    """A port with options or settings as the name of a rule, which has no colons: `sdl2_mixer+formats=ogg+PTHREADS=1`."""
    return target.replace(":", "+")

def port_repository_name(target):
    """The name of the repository for what a module declares as `target`: a port, with options or not, or a pattern of ports."""
    allowed = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "emscripten_port_" + "".join([c if c in allowed else "_" for c in target.partition(":")[0].lower().elems()])

def _get(rctx, port, url, integrity, directories):
    """Get the sources of a port: from the directories first, as a directory or archive, else from their address."""
    base = url.rpartition("/")[2]
    names = [port, base, "%s-%s" % (port, base), "%s.%s" % (port, base.partition(".")[2])]
    found = [directory.get_child(name) for directory in directories for name in names if directory.get_child(name).exists]
    if found:
        rctx.symlink(found[0], "sources/" + found[0].basename)
        return
    done = rctx.download(url, output = "sources/%s-%s" % (port, base), allow_fail = True, **({"integrity": integrity} if integrity else {}))
    if not done.success:
        fail("emscripten_deps.cache: the sources of port %s cannot be downloaded from %s\n  hint: allow the network, or set ports_from to a directory with %s or %s" % (port, url, port, base))

def _port_repository_impl(rctx):
    directories = [find_directory(rctx, path, "emscripten_deps.cache: ports_from") for path in rctx.attr.ports_from]
    ask_sdk(rctx, "ports", {"targets": rctx.attr.targets}, "emscripten_deps.cache, %s" % ", ".join(rctx.attr.targets))
    rctx.file("sources/marker")
    for port, url, integrity in json.decode(rctx.read("ports.json")):
        _get(rctx, port, url, integrity, directories)
    rctx.file("BUILD.bazel", _BUILD)

port_repository = repository_rule(
    implementation = _port_repository_impl,
    attrs = {
        "ports_from": attr.string_list(doc = "Directories in which sources are looked for before the network."),
        "sdk": attr.label(default = Label("@emscripten_sdk//:where.json")),
        "targets": attr.string_list(doc = "What is declared."),
    },
)
