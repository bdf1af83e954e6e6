"""Which libraries a link gets: decided at analysis time, from the features that are on, by the table that emcc filled."""

load(":features.bzl", "EXTRAS", "combination", "combination_name", "extra_libraries", "from_options")
load(":library.bzl", "CACHE", "LibraryInfo")

def choose(mode, enabled, optimize):
    """Targets that a link needs.

    Args:
      mode: what `mode.bzl` of the mode's repository says.
      enabled: names of features that are on.
      optimize: `opt`, `dbg`, `fastbuild`, or `size` where links are told -Oz.

    Returns:
      names of targets, declared ones last.
    """
    chosen = combination(enabled, optimize)
    if type(chosen) == "string":
        fail(chosen)
    number = mode.table.get(combination_name(chosen))

    # No entry: emcc refuses that combination, and says so itself when it links.
    targets = list(mode.sets[number]) if number != None else []
    if "side_module" in enabled:
        targets = []
    for name in extra_libraries(enabled) if targets else []:
        on = combination_name({d: chosen[d] for d in EXTRAS[name]})
        added, removed = mode.extras[name].get(on, ([], []))
        targets = [t for t in targets if t not in removed] + [t for t in added if t not in targets]
    return targets + [t for t in mode.declared if t not in targets]

def _as_archive(ctx, file):
    """Bazel crashes on a C++ runtime that holds bare objects: crt1.o goes by the name of an archive. The driver knows."""
    if not file.basename.endswith(".o"):
        return file
    mark = [m for m in ("/%s/" % CACHE, "/shipped/") if m in file.path][0]
    link = ctx.actions.declare_file("%s/%s/%s.a" % (ctx.label.name, CACHE, file.path.split(mark, 1)[1]))
    ctx.actions.symlink(output = link, target_file = file)
    return link

def _link_libraries_impl(ctx):
    mode = json.decode(ctx.attr.about)
    mode = struct(table = mode["table"], sets = mode["sets"], extras = mode["extras"], declared = mode["declared"])
    told, optimize = from_options(ctx.fragments.cpp.linkopts, ctx.var["COMPILATION_MODE"])
    wanted = choose(mode, ctx.attr.enabled + told, optimize)
    by_target = {dep[LibraryInfo].target: dep[LibraryInfo].file for dep in ctx.attr.libraries}
    return [DefaultInfo(files = depset([_as_archive(ctx, by_target[t]) for t in wanted]))]

# All libraries of the mode are known to it, so that they can be named; only those it gives on are built.
link_libraries = rule(
    implementation = _link_libraries_impl,
    fragments = ["cpp"],
    attrs = {
        "about": attr.string(doc = "The mode's tables, as JSON."),
        "enabled": attr.string_list(doc = "Features that are on."),
        "libraries": attr.label_list(providers = [LibraryInfo], cfg = "exec"),
    },
)
