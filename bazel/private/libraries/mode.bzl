"""The rules of a mode's repository, made from what the SDK said of the mode."""

load("//bazel/private/modes:features.bzl", "BY_DEFAULT", "MODULE_FLAGS", "SELECTING")
load("//bazel/private/repositories:port_repository.bzl", "as_name", "port_repository_name")
load(":library.bzl", "emscripten_built", "emscripten_library", "emscripten_reads")
load(":port.bzl", "emscripten_port", "emscripten_port_library")
load(":selection.bzl", "link_libraries")

def emscripten_mode(mode, reads):
    """Targets for `mode.json` and `reads.json`: each library, `:cache` for declared ones, `:link` for those of a link."""
    base = "@emscripten_mode_%s//:" % mode["base"].replace("-", "_")
    files = Label("@emscripten_sdk//:files")
    emscripten_reads(
        name = "reads",
        files = select({Label("//bazel/private/modes:object"): files, "//conditions:default": None}),
        reads = reads,
    )
    for target, (path, weight) in mode["libraries"].items():
        builder = mode["builders"].get(target, mode["builder"]) if target in mode["archives"] else "embuilder"
        is_there = target in mode["shipped"] or mode["shared"].get(target) == "all"
        emscripten_library(
            name = target,
            archives = [Label("@emscripten_sources//:%s.zip" % name) for name in mode["archives"].get(target, [])] if builder == "source" else [],
            base = Label(base + target) if target in mode["shared"] else None,
            builder = builder,
            embuilder_flags = mode["flags"],
            files = files if builder == "embuilder" and not is_there else None,
            mode = mode["mode"],
            path = path,
            reads = ":reads",
            same = mode["shared"].get(target) == "all",
            shipped = Label(mode["shipped"][target] + path) if target in mode["shipped"] else None,
            shipped_without_lto = Label(mode["shipped_without_lto"][target]) if target in mode["shipped_without_lto"] else None,
            tags = ["manual"],
            target = target,
            weight = weight,
        )

    # Not a Label: repositories of ports are known to this one, which the same extension makes, and not to this module.
    for port, item in mode["ports"].items():
        emscripten_port(
            name = as_name(port),
            embuilder_flags = mode["flags"],
            files = files,
            marker = "@%s//:sources/marker" % port_repository_name(item),
            mode = mode["mode"],
            sources = ["@%s//:sources" % port_repository_name(item)],
            tags = ["manual"],
            target = port,
        )
        emscripten_port_library(name = as_name(port) + ".cc", port = as_name(port), tags = ["manual"])
    emscripten_built(name = "cache", libraries = [as_name(target) for target in mode["declared"]])

    # Ports come with their headers, as something to depend on; a link gets libraries.
    declared = [t for t in mode["declared"] if t not in mode["ports"]]
    linked = dict([(t, None) for targets in mode["sets"] for t in targets])
    linked.update([(t, None) for found in mode["extras"].values() for added, _ in found.values() for t in added])
    linked.update([(t, None) for t in declared])
    enabled = []
    conditions = {"feature_" + name: name for name in SELECTING} | {"no_feature_" + name: "-" + name for name in BY_DEFAULT}
    for condition, name in conditions.items():
        enabled = enabled + select({Label("//bazel/private/modes:" + condition): [name], "//conditions:default": []})
    link_libraries(
        name = "link",
        about = json.encode({key: mode[key] for key in ("table", "sets", "extras")} | {"declared": declared}),
        enabled = enabled,
        libraries = linked.keys(),
        options = select({Label("//bazel/private/modes:feature_side_module"): MODULE_FLAGS["side"], "//conditions:default": []}),
    )
