"""Libraries as an action for each object, and the action that joins objects."""

load("//bazel/private/sdk:providers.bzl", "ObjectsInfo", "SdkInfo")
load("//bazel/private/sdk:python.bzl", "PythonInfo")
load("//bazel/private/sdk:run_tool.bzl", "program")
load("//bazel/private/sdk:sdk.bzl", "WORKING_DIRECTORY")

# The time of every compile, as `src/emroot/probe/__init__.py: EPOCH` has it.
_EPOCH = "315532800"

# As `src/emroot/engine/command_lines/placeholders.py` has them.
_SYSROOT_FLAG = "--sysroot={cache}/sysroot"
_CACHE_PREFIX = "/emsdk/emscripten/cache"

# How sources that are relative to it reach the SDK's root.
_UP = "../" * WORKING_DIRECTORY.count("/")

# With those of `make.bzl`.
COMPILE_ATTRIBUTES = {
    "_compile": program("bazel/libraries/compile_object.py"),
    "_named_source": program("bazel/libraries/renamed_source.py"),
    "_placeholders": program("engine/command_lines/placeholders.py"),
}

def _spell(sdk, argv):
    """A recorded command as it is spelled in the execution root (in the engine: `placeholders.py: substitute`)."""
    root, cache = sdk.directory + "/emscripten", sdk.directory + "/headers"
    words = [word.replace("{sdk}", root).replace("{cache}", cache) for word in argv]
    return words + ["-ffile-prefix-map=%s=%s" % (cache, _CACHE_PREFIX)] if _SYSROOT_FLAG in argv else words

def _names_source(argv):
    """Whether an object names its source as it was given (in the engine: `placeholders.py: embeds_source_path`)."""
    return any([word.startswith(("-flto", "-fsanitize=")) for word in argv])

def _compile_object(ctx, source, argv, reads, anchor, out):
    """One object as one action with few inputs: a sandbox has a link to each."""
    python, sdk = ctx.attr._python[PythonInfo], ctx.attr._sdk[SdkInfo]
    args, inputs, tools = ctx.actions.args(), [], []
    if _names_source(argv):
        args.add_all(["-I", "-S", "-B", ctx.file._compile, sdk.about, sdk.clang[argv[0]], sdk.resource_dir, out, source])
        args.add_all(argv[1:])
        inputs = [sdk.about, anchor, sdk.resource_dir]
        tools = [ctx.file._compile, ctx.file._placeholders, python.files] + ([ctx.file._named_source] if source.startswith("{sdk}") else [])
    else:
        # Clang itself, in the execution root: prefix maps make the bytes what they are in the SDK's working directory.
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

def join(ctx, operation, objects, out):
    """Join Files as the SDK's `create_lib` does: with the operation `cr`, and names in a response file; `qcL` joins archives."""
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

def from_objects(ctx, recipe, reads, out):
    """A library (`out`) as an action for each object and one that joins them; the objects by name."""
    known = ctx.attr.base[ObjectsInfo].objects if ctx.attr.base and ObjectsInfo in ctx.attr.base else {}
    shared = {int(n): None for n in recipe["shared"]} if known else {}
    objects = {}
    for n, (source, name, number) in enumerate(recipe["objects"]):
        if n in shared and name in known:
            objects[name] = known[name]
            continue
        single = recipe["how"] == "copy"
        objects[name] = out if single else ctx.actions.declare_file("%s/objects/%s" % (ctx.attr.target, name))
        read = [reads.sets[int(recipe[part][n])] for part in ("sources", "headers")]
        _compile_object(ctx, source, recipe["commands"][int(number)], read, reads.anchor, objects[name])
    if recipe["how"] != "copy":
        join(ctx, "cr", objects.values(), out)
    return objects
