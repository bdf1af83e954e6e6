"""Which libraries a link gets: decided at analysis time, from the features that are on, by the table that emcc filled."""

load("//bazel/private/modes:features.bzl", "EXTRAS", "combination", "combination_name", "extra_libraries", "link_settings")
load("//bazel/private/modes:granularity.bzl", "GranularityInfo")
load("//bazel/private/modes:options.bzl", "is_on")
load("//bazel/private/sdk:providers.bzl", "CACHE", "LibraryInfo")

ModeInfo = provider("The libraries of a mode.", fields = {
    "about": "struct: what `mode.bzl` of the mode's repository says.",
    "files": "dict: libraries (Files) by embuilder's names.",
})

def choose(mode, said):
    """Names of the targets that a link needs beforehand, declared ones last. `said`: see `features.bzl: link_settings`."""
    if mode.lazy:
        return list(mode.declared)
    chosen = combination(said)
    number = mode.table.get(combination_name(chosen))

    # No entry: emcc refuses that combination, and says so itself when it links.
    targets = list(mode.sets[number]) if number != None and not is_on(said.get("SIDE_MODULE")) else []
    for name in extra_libraries(said, chosen) if targets else []:
        on = combination_name({d: chosen[d] for d in EXTRAS[name]})
        added, removed = mode.extras[name].get(on, ([], []))
        targets = [t for t in targets if t not in removed] + [t for t in added if t not in targets]
    return targets + [t for t in mode.declared if t not in targets]

def path_in_cache(path):
    """Where in a cache directory a library belongs."""
    mark = [m for m in ("/%s/" % CACHE, "/shipped/") if m in path][0]
    return path.split(mark, 1)[1]

def _as_archive(ctx, file):
    """Bazel crashes on a C++ runtime that holds bare objects: crt1.o goes by the name of an archive. The driver knows."""
    if not file.basename.endswith(".o"):
        return file
    link = ctx.actions.declare_file("%s/%s/%s.a" % (ctx.label.name, CACHE, path_in_cache(file.path)))
    ctx.actions.symlink(output = link, target_file = file)
    return link

def _link_libraries_impl(ctx):
    mode = json.decode(ctx.attr.about)
    lazy = ctx.attr._granularity[GranularityInfo].value == "lazy"
    mode = struct(table = mode["table"], sets = mode["sets"], extras = mode["extras"], declared = mode["declared"], lazy = lazy)
    if "exceptions" in ctx.attr.enabled and "wasm_exceptions" in ctx.attr.enabled:
        fail("features \"exceptions\" and \"wasm_exceptions\" exclude each other; remove one")
    wanted = choose(mode, link_settings(ctx.attr.enabled, ctx.var["COMPILATION_MODE"], ctx.attr.options + ctx.fragments.cpp.linkopts))
    by_target = {dep[LibraryInfo].target: dep[LibraryInfo].file for dep in ctx.attr.libraries}
    return [DefaultInfo(files = depset([by_target[t] for t in wanted])), ModeInfo(about = mode, files = by_target)]

# All libraries of the mode are known to it, so that they can be named; only those it gives on are built.
link_libraries = rule(
    implementation = _link_libraries_impl,
    fragments = ["cpp"],
    attrs = {
        "about": attr.string(doc = "The mode's tables, as JSON."),
        "enabled": attr.string_list(doc = "Features that are on."),
        "libraries": attr.label_list(providers = [LibraryInfo], cfg = "exec"),
        "options": attr.string_list(doc = "What features say of which `features.bzl` has no table."),
        "_granularity": attr.label(default = Label("//bazel:granularity"), providers = [GranularityInfo]),
    },
)

def _no_libraries_impl(_):
    return [DefaultInfo(), ModeInfo(about = struct(declared = [], lazy = True), files = {})]

no_libraries = rule(
    implementation = _no_libraries_impl,
    doc = "The libraries of links that make what they pull, in a mode of which nothing is declared.",
)

def _runtime_impl(ctx):
    files = ctx.files.libraries
    if ctx.attr.linking == "static":
        return [DefaultInfo(files = depset([_as_archive(ctx, file) for file in files]))]
    links = []
    for file in files:
        # Where it belongs in a cache is said by its name: Bazel puts it in a directory of its own.
        link = ctx.actions.declare_file("%s/lib%s@%s.so" % (ctx.label.name, CACHE, path_in_cache(file.path).replace("/", "@")))
        ctx.actions.symlink(output = link, target_file = file)
        links.append(link)
    return [DefaultInfo(files = depset(links))]

# `cc_test`, and whatever else is `linkstatic = False`, is linked with the dynamic runtime, of which Bazel drops what is not
# called a shared library. There is no such thing here: the libraries go by that name, and the driver knows them.
runtime_libraries = rule(
    implementation = _runtime_impl,
    doc = "Libraries of a link under names that Bazel takes for a C++ runtime.",
    attrs = {
        "libraries": attr.label(mandatory = True),
        "linking": attr.string(values = ["static", "dynamic"]),
    },
)
