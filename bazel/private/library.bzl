"""Rules that make what emcc's cache holds: the headers, and one library or port each, as one action or (`granularity`) many."""

load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":granularity.bzl", "GranularityInfo")
load(":options.bzl", "port_options")
load(":python.bzl", "PythonInfo")

SdkInfo = provider("An Emscripten SDK.", fields = {
    "about": "File: sdk.json, at the top of the SDK's repository.",
    "archiver": "File: llvm-ar.",
    "anchor": "File: its place makes the directory that compiles run in (`spelling.py: WORKING_DIRECTORY`); nothing reads it.",
    "clang": "dict: clang and clang++ (Files) by these names.",
    "compiler": "depset: clang, llvm-ar and clang's own headers.",
    "directory": "string: the SDK's repository, relative to the execution root.",
    "files": "dict: sources, installed headers and clang's own (Files) by their paths in the SDK's repository.",
    "emscripten": "depset: emcc, embuilder and their modules.",
    "headers": "depset: the headers that the SDK installs in a cache.",
    "linker": "depset: what a link needs besides.",
    "own_headers": "string: the directory of clang's own headers, relative to the execution root.",
    "archivers": "depset: what llvm-ar needs.",
    "compilers": "depset: what clang needs, but for its own headers.",
    "resource_dir": "File: it says where clang's own headers are to appear.",
    "resource_flags": "File: the same as arguments of a clang that starts in the execution root.",
    "sources": "depset: the sources and headers of the system libraries.",
    "version": "string",
})

LibraryInfo = provider("One library of one mode.", fields = {
    "file": "File: the archive, object, or directory of a port.",
    "target": "string: embuilder's name.",
    "mode": "string: `wasm64-lto`.",
})

ReadsInfo = provider("What compiles of a mode read.", fields = {
    "sets": "list of depsets of Files",
    "targets": "dict: of each target with a recipe that recipe, numbers of sets, and what it shares (`fetch.py: reads`).",
})

ObjectsInfo = provider("The objects of a library.", fields = {"objects": "dict: Files by the names of members."})

HeadersInfo = provider("The SDK's headers, as it installs them in a cache.", fields = {
    "directory": "File: a directory.",
})

# Outputs lie below a directory of this name, at the path where emcc looks for them in its cache; so the driver knows
# what to put together from the names of its inputs alone.
CACHE = "emroot-cache"

# The time of every compile, as `src/emroot/probe/__init__.py: EPOCH` has it.
_EPOCH = "315532800"

_WORKING_DIRECTORY = "system/lib/libc/"

# As `src/emroot/engine/spelling.py` has them.
_SYSROOT_FLAG = "--sysroot={cache}/sysroot"
_CACHE_PREFIX = "/emsdk/emscripten/cache"

# How sources that are relative to it reach the SDK's root.
_UP = "../" * _WORKING_DIRECTORY.count("/")

def _resource_flags(ctx, own):
    """Arguments that have clang read its own headers, in `own`, as inputs of its action, and name them as the SDK does."""
    said, out = ctx.attr.said_resource_dir, ctx.actions.declare_file("resource_dir.rsp")
    words = ["-resource-dir=" + own, "-ffile-prefix-map=%s=%s" % (own, said)]
    ctx.actions.write(out, "".join(['"%s"\n' % word.replace("\\", "\\\\") for word in words]))
    return out

def _sdk_impl(ctx):
    files = {f.owner.name: f for f in ctx.files.sources + ctx.files.headers + ctx.files.own_headers}
    own = "%s/llvm/lib/clang/%s" % (ctx.file.about.dirname, ctx.attr.said_resource_dir.replace("\\", "/").split("/")[-1])
    anchors = [path for path in files if path.startswith("emscripten/" + _WORKING_DIRECTORY)]
    return [SdkInfo(
        about = ctx.file.about,
        archiver = ctx.file.archiver,
        archivers = depset(ctx.files.archivers),
        # Not a source, if there is anything else: it is an input of all.
        anchor = files[([path for path in anchors if "." not in path] or anchors)[0]],
        clang = {"clang": ctx.files.clang[0], "clang++": ctx.files.clang[-1]},
        compiler = depset(ctx.files.compilers + ctx.files.archivers + ctx.files.own_headers),
        compilers = depset(ctx.files.compilers),
        directory = ctx.file.about.dirname,
        emscripten = depset(ctx.files.emscripten),
        files = files,
        headers = depset(ctx.files.headers),
        linker = depset(ctx.files.linker),
        own_headers = own + "/include",
        resource_dir = ctx.file.resource_dir,
        resource_flags = _resource_flags(ctx, own),
        sources = depset(ctx.files.sources),
        version = ctx.attr.version,
    )]

emscripten_sdk = rule(
    implementation = _sdk_impl,
    attrs = {
        "about": attr.label(allow_single_file = True),
        "archiver": attr.label(allow_single_file = True),
        "archivers": attr.label_list(allow_files = True),
        "clang": attr.label_list(allow_files = True),
        "compilers": attr.label_list(allow_files = True),
        "emscripten": attr.label_list(allow_files = True),
        "headers": attr.label_list(allow_files = True),
        "linker": attr.label_list(allow_files = True),
        "own_headers": attr.label_list(allow_files = True),
        "resource_dir": attr.label(allow_single_file = True),
        "said_resource_dir": attr.string(doc = "The content of `resource_dir`."),
        "sources": attr.label_list(allow_files = True),
        "version": attr.string(),
    },
)

# Everything that an action of these rules has in common. All of it is for the machine that runs the action.
_TOOLS = {
    "_engine": attr.label(default = Label("//:engine"), cfg = "exec"),
    "_make": attr.label(default = Label("//:src/emroot/bazel/make.py"), allow_single_file = True, cfg = "exec"),
    "_probe": attr.label(default = Label("//:probe"), cfg = "exec"),
    "_python": attr.label(default = Label("//bazel/private:python"), cfg = "exec", providers = [PythonInfo]),
    "_sdk": attr.label(default = Label("@emscripten_sdk//:sdk"), providers = [SdkInfo]),
}

def _cpus_1(_os, _inputs):
    return {"cpu": 1, "memory": 300}

def _cpus_2(_os, _inputs):
    return {"cpu": 2, "memory": 600}

def _cpus_4(_os, _inputs):
    return {"cpu": 4, "memory": 1200}

def _resources(weight):
    """How many processors an action may use, and how Bazel is told."""
    if weight < 40:
        return 1, _cpus_1
    return (2, _cpus_2) if weight < 200 else (4, _cpus_4)

def _make(ctx, verb, args, inputs, outputs, weight, mnemonic, message, sources = None):
    python, sdk = ctx.attr._python[PythonInfo], ctx.attr._sdk[SdkInfo]
    jobs, resources = _resources(weight)
    inputs = [depset([sdk.about, sdk.anchor] + inputs), sdk.compiler, sources or sdk.sources]
    if verb != "source":
        inputs += [sdk.emscripten, ctx.attr._probe[DefaultInfo].files]
    common = ctx.actions.args()
    common.add_all(["-I", "-B", ctx.file._make, verb])
    common.add("--sdk", sdk.about)
    common.add("--jobs", jobs)
    ctx.actions.run(
        executable = python.interpreter,
        arguments = [common, args],
        inputs = depset(transitive = inputs),
        tools = [ctx.attr._engine[DefaultInfo].files, depset([ctx.file._make]), python.files],
        outputs = outputs,
        # The compilers' messages and the order of directory listings must not depend on the machine's settings.
        env = {"LC_ALL": "C", "PYTHONHASHSEED": "0"},
        mnemonic = mnemonic,
        progress_message = message,
        resource_set = resources,
        execution_requirements = {"supports-path-mapping": "1"},
        toolchain = None,
    )

# --- headers ---

def _headers_impl(ctx):
    python, sdk = ctx.attr._python[PythonInfo], ctx.attr._sdk[SdkInfo]
    out = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add_all(["-I", "-S", "-B", ctx.file._merge])
    args.add_all([out], expand_directories = False)
    args.add(sdk.about.dirname + "/headers")
    ctx.actions.run(
        executable = python.interpreter,
        arguments = [args],
        inputs = depset([sdk.about], transitive = [sdk.headers]),
        tools = [ctx.attr._driver[DefaultInfo].files, depset([ctx.file._merge]), python.files],
        outputs = [out],
        env = {"LC_ALL": "C", "PYTHONHASHSEED": "0"},
        mnemonic = "EmscriptenHeaders",
        progress_message = "Installing Emscripten's headers",
        execution_requirements = {"supports-path-mapping": "1"},
        toolchain = None,
    )
    return [DefaultInfo(files = depset([out])), HeadersInfo(directory = out)]

emscripten_headers = rule(
    implementation = _headers_impl,
    doc = "The SDK's headers as one directory, shared by all modes.",
    attrs = {
        "_driver": attr.label(default = Label("//:driver"), cfg = "exec"),
        "_merge": attr.label(default = Label("//:src/emroot/bazel/merge.py"), allow_single_file = True, cfg = "exec"),
        "_python": _TOOLS["_python"],
        "_sdk": _TOOLS["_sdk"],
    },
    provides = [HeadersInfo],
)

# --- libraries and ports ---

def _reads_impl(ctx):
    said, known = json.decode(ctx.attr.reads), ctx.attr._sdk[SdkInfo].files
    files = [known[path] for path in said["files"]]
    return [ReadsInfo(sets = [depset([files[n] for n in numbers]) for numbers in said["sets"]], targets = said["targets"])]

emscripten_reads = rule(
    implementation = _reads_impl,
    doc = "What the compiles of a mode read: one target for all of its libraries.",
    attrs = {
        "reads": attr.string(doc = "The content of `reads.json` (`fetch.py: reads`)."),
        "_sdk": _TOOLS["_sdk"],
    },
    provides = [ReadsInfo],
)

def _spell(sdk, argv):
    """A recorded command as it is spelled in the execution root (`spelling.py: spell` is its like in the engine)."""
    root, cache = sdk.directory + "/emscripten", sdk.directory + "/headers"
    words = [word.replace("{sdk}", root).replace("{cache}", cache) for word in argv]
    return words + ["-ffile-prefix-map=%s=%s" % (cache, _CACHE_PREFIX)] if _SYSROOT_FLAG in argv else words

def _names_source(argv):
    """Whether an object names its source as it was given (`spelling.py: names_source`)."""
    return any([word.startswith(("-flto", "-fsanitize=")) for word in argv])

def _compile_object(ctx, source, argv, reads, out):
    """One object as one action. Its inputs are few: a sandbox has a link to each.

    Clang is what it runs, in the execution root, with prefix maps that make the bytes what they are in the SDK's working
    directory. What holds its source's path as it was given is compiled there.
    """
    python, sdk = ctx.attr._python[PythonInfo], ctx.attr._sdk[SdkInfo]
    args, inputs, tools = ctx.actions.args(), [], []
    if _names_source(argv):
        args.add_all(["-I", "-S", "-B", ctx.file._compile, sdk.about, sdk.clang[argv[0]], sdk.resource_dir, out, source])
        args.add_all(argv[1:])
        inputs = [sdk.about, sdk.anchor, sdk.resource_dir]
        tools = [ctx.file._compile, ctx.file._spelling, python.files] + ([ctx.file._named_source] if source.startswith("{sdk}") else [])
    else:
        args.add(sdk.resource_flags, format = "@%s")
        inputs = [sdk.resource_flags]
        for word in _spell(sdk, argv)[1:]:
            if word == "{object}":
                args.add(out)
            elif word == "{source}":
                args.add(sdk.directory + "/emscripten/" + source.removeprefix("{sdk}/").removeprefix(_UP))
            else:
                args.add(word)

    # A sandbox is made of the last one of the same mnemonic: those of C++ have a thousand headers.
    is_cpp = argv[0] == "clang++"
    ctx.actions.run(
        executable = python.interpreter if tools else sdk.clang[argv[0]],
        arguments = [args],
        inputs = depset(inputs, transitive = [sdk.compilers] + reads),
        tools = tools,
        outputs = [out],
        env = {"LC_ALL": "C", "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": _EPOCH},
        mnemonic = "EmscriptenObjectCpp" if is_cpp else "EmscriptenObject",
        progress_message = "Compiling %s of Emscripten %s/%s" % (out.basename, ctx.attr.mode, ctx.attr.target),
        execution_requirements = {"supports-path-mapping": "1"},
        toolchain = None,
    )

def _join(ctx, operation, objects, out):
    """Join objects as the SDK's `create_lib` does: `cr`, and names in a response file; or, with `qcL`, what archives hold."""
    sdk = ctx.attr._sdk[SdkInfo]
    args, members = ctx.actions.args(), ctx.actions.args()
    args.add(operation)
    args.add(out)
    members.add_all(objects)
    members.use_param_file("@%s", use_always = True)
    members.set_param_file_format("multiline")
    ctx.actions.run(
        executable = sdk.archiver,
        arguments = [args, members],
        inputs = depset(objects, transitive = [sdk.archivers]),
        outputs = [out],
        env = {"LC_ALL": "C"},
        mnemonic = "EmscriptenArchive",
        progress_message = "Archiving Emscripten %s/%s" % (ctx.attr.mode, ctx.attr.target),
        execution_requirements = {"supports-path-mapping": "1"},
        toolchain = None,
    )

def _from_objects(ctx, recipe, sets, out):
    """A library as an action for each object and one that joins them; the objects by name."""
    known = ctx.attr.base[ObjectsInfo].objects if ctx.attr.base and ObjectsInfo in ctx.attr.base else {}
    shared = {int(n): None for n in recipe["shared"]} if known else {}
    objects = {}
    for n, (source, name, number) in enumerate(recipe["objects"]):
        if n in shared and name in known:
            objects[name] = known[name]
            continue
        single = recipe["how"] == "copy"
        objects[name] = out if single else ctx.actions.declare_file("%s/objects/%s" % (ctx.attr.target, name))
        read = [sets[int(recipe[part][n])] for part in ("sources", "headers")]
        _compile_object(ctx, source, recipe["commands"][int(number)], read, objects[name])
    if recipe["how"] != "copy":
        _join(ctx, "cr", objects.values(), out)
    return objects

# About how much of a library one action makes, in compiles of C: some ten seconds. Bazel keeps what an action has made when it
# ends, and nothing of one that is killed.
_PART = 400

def _parts(recipe, weight):
    """Members of each part of a library: the first, and the one after the last. They are joined in this order."""
    count = len(recipe["objects"])
    parts = max(1, min(count, (weight + _PART - 1) // _PART)) if recipe["how"] == "archive" else 1
    return [(count * n // parts, count * (n + 1) // parts) for n in range(parts)]

def _compile_part(ctx, recipe, members, weight, out, log, message):
    """Members of a library as one action."""
    headers, sets = ctx.attr._headers[HeadersInfo].directory, ctx.attr.reads[ReadsInfo].sets
    args, whole = ctx.actions.args(), members == (0, len(recipe["objects"]))
    args.add("--target", ctx.attr.target)
    args.add("--out", out)
    args.add("--log", log)
    args.add_all("--headers", [headers], expand_directories = False)
    args.add("--recipe", ctx.file.recipe)
    if not whole:
        args.add_all("--members", members)
    sources = sets[int(recipe["all"])] if whole else depset(transitive = [sets[int(n)] for n in recipe["sources"][members[0]:members[1]]])
    _make(ctx, "source", args, [headers, ctx.file.recipe], [out, log], weight, "EmscriptenLibrary", message, sources)

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
        _join(ctx, "qcL", made, out)
    return logs

def _from_embuilder(ctx, out, message):
    """A library as embuilder makes it; the log."""
    headers, args = ctx.attr._headers[HeadersInfo].directory, ctx.actions.args()
    log = ctx.actions.declare_file("%s/%s.log" % (ctx.attr.target, ctx.attr.target))
    args.add("--target", ctx.attr.target)
    args.add("--out", out)
    args.add("--log", log)
    args.add_all("--headers", [headers], expand_directories = False)
    args.add("--file", ctx.attr.path)
    args.add_all(ctx.attr.embuilder_flags, format_each = "--flag=%s")
    _make(ctx, "embuilder", args, [headers], [out, log], ctx.attr.weight, "EmscriptenLibrary", message)
    return [log]

def _library_impl(ctx):
    target = ctx.attr.target
    out = ctx.actions.declare_file("%s/%s/%s" % (target, CACHE, ctx.attr.path))
    same = ctx.attr.base[LibraryInfo].file if ctx.attr.base and ctx.attr.same else ctx.file.shipped
    if same:
        ctx.actions.symlink(output = out, target_file = same)
        return _made(ctx, out, [])
    recipe = ctx.attr.reads[ReadsInfo].targets.get(target) if ctx.attr.builder == "source" else None
    if recipe and ctx.attr._granularity[GranularityInfo].value == "object":
        return _made(ctx, out, []) + [ObjectsInfo(objects = _from_objects(ctx, recipe, ctx.attr.reads[ReadsInfo].sets, out))]
    message = "Building Emscripten %s/%s" % (ctx.attr.mode, target)
    return _made(ctx, out, _from_source(ctx, recipe, out, message) if recipe else _from_embuilder(ctx, out, message))

def _made(ctx, out, logs):
    return [
        DefaultInfo(files = depset([out])),
        OutputGroupInfo(logs = depset(logs)),
        LibraryInfo(file = out, target = ctx.attr.target, mode = ctx.attr.mode),
    ]

_HEADERS = {"_headers": attr.label(default = Label("//bazel/private:headers"), providers = [HeadersInfo])}

emscripten_library = rule(
    implementation = _library_impl,
    doc = "One system library of one mode.",
    attrs = _TOOLS | _HEADERS | {
        "base": attr.label(providers = [LibraryInfo], doc = "The library of the mode without LTO, where objects of both are the same."),
        "builder": attr.string(values = ["source", "embuilder"], doc = "`source` compiles the SDK's sources as its recipe says, `embuilder` runs the SDK's own builder; the bytes are the same."),
        "embuilder_flags": attr.string_list(doc = "What selects the mode."),
        "mode": attr.string(),
        "path": attr.string(doc = "Where emcc looks for it, relative to its cache."),
        "reads": attr.label(providers = [ReadsInfo]),
        "recipe": attr.label(allow_single_file = [".json"]),
        "same": attr.bool(doc = "Whether it is the very library of `base`."),
        "shipped": attr.label(allow_single_file = True, doc = "The library as the SDK ships it; then nothing is built."),
        "target": attr.string(doc = "Embuilder's name."),
        "weight": attr.int(doc = "Roughly how much work it is, in compiles of C."),
        "_compile": attr.label(default = Label("//:src/emroot/bazel/compile.py"), allow_single_file = True, cfg = "exec"),
        "_granularity": attr.label(default = Label("//bazel:granularity"), providers = [GranularityInfo]),
        "_named_source": attr.label(default = Label("//:src/emroot/bazel/named_source.py"), allow_single_file = True, cfg = "exec"),
        "_spelling": attr.label(default = Label("//:src/emroot/engine/spelling.py"), allow_single_file = True, cfg = "exec"),
    },
    provides = [LibraryInfo],
)

def _port_impl(ctx):
    # No `=` and no comma in paths: flags have meanings for them.
    name = "".join([c if c.isalnum() or c in "._-+" else "_" for c in ctx.label.name.elems()])
    out = ctx.actions.declare_directory("%s/%s" % (name, CACHE))
    log = ctx.actions.declare_file("%s/%s.log" % (name, name))
    headers = ctx.attr._headers[HeadersInfo].directory
    args, inputs = ctx.actions.args(), [headers]
    args.add("--target", ctx.attr.target)
    args.add("--port")
    args.add_all("--out", [out], expand_directories = False)
    args.add("--log", log)
    args.add_all("--headers", [headers], expand_directories = False)
    args.add_all(ctx.attr.embuilder_flags, format_each = "--flag=%s")
    args.add("--port-sources", ctx.file.marker.dirname)
    inputs.extend(ctx.files.sources + [ctx.file.marker])
    _make(ctx, "embuilder", args, inputs, [out, log], 100, "EmscriptenPort", "Building Emscripten port %s/%s" % (ctx.attr.mode, ctx.attr.target))
    return [
        DefaultInfo(files = depset([out])),
        OutputGroupInfo(logs = depset([log])),
        LibraryInfo(file = out, target = ctx.attr.target, mode = ctx.attr.mode),
    ]

emscripten_port = rule(
    implementation = _port_impl,
    doc = "One port in one mode: its archives, headers and marks, as one directory.",
    attrs = _TOOLS | _HEADERS | {
        "embuilder_flags": attr.string_list(),
        "marker": attr.label(allow_single_file = True, doc = "A file beside the ports' sources."),
        "mode": attr.string(),
        "sources": attr.label_list(allow_files = True),
        "target": attr.string(),
    },
    provides = [LibraryInfo],
)

def _port_library_impl(ctx):
    port = ctx.attr.port[LibraryInfo]

    # Not an option of emcc: the driver takes it as the place of the port's files.
    flags = ["--emroot-port=" + port.file.path] + port_options(port.target)
    return [
        DefaultInfo(files = depset([port.file])),
        CcInfo(
            compilation_context = cc_common.create_compilation_context(
                headers = depset([port.file]),
                system_includes = depset([port.file.path + "/sysroot/include"]),
            ),
            linking_context = cc_common.create_linking_context(linker_inputs = depset([cc_common.create_linker_input(
                owner = ctx.label,
                user_link_flags = depset(flags),
                additional_inputs = depset([port.file]),
            )])),
        ),
    ]

emscripten_port_library = rule(
    implementation = _port_library_impl,
    doc = "A port for programs to depend on: its headers, its archives, and the option that links them.",
    attrs = {"port": attr.label(providers = [LibraryInfo], cfg = "exec")},
    provides = [CcInfo],
)

# --- for others to depend on ---

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
