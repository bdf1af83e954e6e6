"""One system library of a mode: as one action, as several, or (`granularity`) as one for each object."""

load("//bazel/private/modes:granularity.bzl", "GranularityInfo")
load("//bazel/private/sdk:providers.bzl", "CACHE", "LibraryInfo", "ObjectsInfo", "ReadsInfo", "SourceFilesInfo")
load(":compile.bzl", "COMPILE_ATTRIBUTES", "from_objects", "join")
load(":make.bzl", "MAKE_ATTRIBUTES", "made", "make", "make_arguments")

def _reads_impl(ctx):
    said = json.decode(ctx.attr.reads)
    if not ctx.attr.files:
        return [ReadsInfo(anchor = None, sets = [], targets = said["targets"])]
    known = ctx.attr.files[SourceFilesInfo]
    files = [known.files[path] for path in said["files"]]
    sets = [depset([files[n] for n in numbers]) for numbers in said["sets"]]
    return [ReadsInfo(anchor = known.anchor, sets = sets, targets = said["targets"])]

emscripten_reads = rule(
    implementation = _reads_impl,
    doc = "What the compiles of a mode read: one target for all of its libraries.",
    attrs = {
        "files": attr.label(providers = [SourceFilesInfo], doc = "For compiles that are actions of their own."),
        "reads": attr.string(doc = "The content of `reads.json` (`src/emroot/bazel/repositories/compile_inputs.py`)."),
    },
    provides = [ReadsInfo],
)

# About how much of a library one action makes, in compiles of C: some ten seconds. Bazel keeps what an action has made when it
# ends, and nothing of one that is killed.
_PART = 400

def _parts(recipe, weight):
    """Members of each part of a library: the first, and the one after the last. They are joined in this order."""
    count = len(recipe["objects"])
    parts = max(1, min(count, (weight + _PART - 1) // _PART)) if recipe["how"] == "archive" else 1
    return [(count * n // parts, count * (n + 1) // parts) for n in range(parts)]

def _as_json(value):
    return json.encode(value)

def _compile_part(ctx, recipe, members, weight, out, log, message):
    """Members of a library as one action."""
    args, said = make_arguments(ctx, out, log), ctx.actions.args()
    shipped = [ctx.file.shipped_without_lto] if ctx.file.shipped_without_lto else []
    parts = ["how", "commands", "objects"] + (["shared"] if shipped else [])

    # Written when the action runs: those of all libraries are megabytes.
    said.add_all([struct(**{part: recipe[part] for part in parts})], map_each = _as_json)
    said.use_param_file("--recipe=%s", use_always = True)
    said.set_param_file_format("multiline")
    args.add_all("--shipped", shipped)
    if members != (0, len(recipe["objects"])):
        args.add_all("--members", members)
    args.add_all("--archives", ctx.files.archives)
    make(ctx, "source", [args, said], shipped + ctx.files.archives, [out, log], weight, "EmscriptenLibrary", message)

def _from_source(ctx, recipe, out, message):
    """A library as one action, or as one for each part of it and one that joins them; their logs."""
    parts, made, logs = _parts(recipe, ctx.attr.weight), [], []
    for n, members in enumerate(parts):
        name = "%s/%s" % (ctx.attr.target, ctx.attr.target) + (".%d" % n if len(parts) > 1 else "")
        made.append(ctx.actions.declare_file(name + ".a") if len(parts) > 1 else out)
        logs.append(ctx.actions.declare_file(name + ".log"))
        said = message + (" (part %d of %d)" % (n + 1, len(parts)) if len(parts) > 1 else "")
        _compile_part(ctx, recipe, members, ctx.attr.weight // len(parts), made[n], logs[n], said)
    if len(parts) > 1:
        join(ctx, "qcL", made, out)
    return logs

def _from_embuilder(ctx, out, message):
    """A library as embuilder makes it; the log."""
    log = ctx.actions.declare_file("%s/%s.log" % (ctx.attr.target, ctx.attr.target))
    args = make_arguments(ctx, out, log)
    args.add("--file", ctx.attr.path)
    args.add_all(ctx.attr.embuilder_flags, format_each = "--flag=%s")
    make(ctx, "embuilder", [args], [], [out, log], ctx.attr.weight, "EmscriptenLibrary", message)
    return [log]

def _library_impl(ctx):
    target = ctx.attr.target
    out = ctx.actions.declare_file("%s/%s/%s" % (target, CACHE, ctx.attr.path))
    same = ctx.attr.base[LibraryInfo].file if ctx.attr.base and ctx.attr.same else ctx.file.shipped
    if same:
        ctx.actions.symlink(output = out, target_file = same)
        return made(ctx, out, [])
    recipe = ctx.attr.reads[ReadsInfo].targets.get(target) if ctx.attr.builder == "source" else None
    if recipe and ctx.attr._granularity[GranularityInfo].value == "object":
        return made(ctx, out, []) + [ObjectsInfo(objects = from_objects(ctx, recipe, ctx.attr.reads[ReadsInfo], out))]
    message = "Building Emscripten %s/%s" % (ctx.attr.mode, target)
    return made(ctx, out, _from_source(ctx, recipe, out, message) if recipe else _from_embuilder(ctx, out, message))

emscripten_library = rule(
    implementation = _library_impl,
    doc = "One system library of one mode.",
    attrs = MAKE_ATTRIBUTES | COMPILE_ATTRIBUTES | {
        "archives": attr.label_list(allow_files = [".zip"], doc = "What holds all that its compiles read."),
        "base": attr.label(providers = [LibraryInfo], doc = "The library of the mode without LTO, where objects of both are the same."),
        "builder": attr.string(values = ["source", "embuilder"], doc = "`source` compiles the SDK's sources as its recipe says, `embuilder` runs the SDK's own builder; the bytes are the same."),
        "embuilder_flags": attr.string_list(doc = "What selects the mode."),
        "mode": attr.string(),
        "path": attr.string(doc = "Where emcc looks for it, relative to its cache."),
        "reads": attr.label(providers = [ReadsInfo]),
        "same": attr.bool(doc = "Whether it is the very library of `base`."),
        "shipped": attr.label(allow_single_file = True, doc = "The library as the SDK ships it; then nothing is built."),
        "shipped_without_lto": attr.label(allow_single_file = True, doc = "The library of the mode without LTO as the SDK ships it, some of whose objects are those of this one."),
        "target": attr.string(doc = "Embuilder's name."),
        "weight": attr.int(doc = "Roughly how much work it is, in compiles of C."),
        "_granularity": attr.label(default = Label("//bazel:granularity"), providers = [GranularityInfo]),
    },
    provides = [LibraryInfo],
)

def _built_impl(ctx):
    return [
        DefaultInfo(files = depset(transitive = [dep[DefaultInfo].files for dep in ctx.attr.libraries])),
        OutputGroupInfo(logs = depset(transitive = [dep[OutputGroupInfo].logs for dep in ctx.attr.libraries])),
    ]

emscripten_built = rule(
    implementation = _built_impl,
    doc = "Libraries as links see them: built in the configuration of tools, whatever is asked of the program.",
    attrs = {"libraries": attr.label_list(providers = [LibraryInfo], cfg = "exec")},
)
