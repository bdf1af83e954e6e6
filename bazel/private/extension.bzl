"""`emscripten_deps`: turns tags into repositories. Looks at nothing on the machine: the repositories do that."""

load(":cache_repository.bzl", "cache_repository")
load(":features.bzl", "MODES")
load(":mode_repository.bzl", "mode_repository")
load(":python.bzl", "find_python", "host_python")
load(":sdk_repository.bzl", "sdk_repository")

_FETCH = Label("//:src/emroot/bazel/fetch.py")

_sdk = tag_class(
    doc = "The Emscripten SDK: one of these. Without any, the one that EMSDK or PATH name when Bazel fetches.",
    attrs = {
        "emscripten_version": attr.string(doc = "An official release, to be downloaded: `6.0.8`."),
        "path": attr.string(doc = "An installation of this machine: an emsdk, or the directory of emcc.py."),
        "repo": attr.label(doc = "A repository of another module that holds a release: `@emscripten_bin_linux`."),
    },
)

_cache = tag_class(
    doc = "System libraries of one mode. May be repeated; none replaces another.",
    attrs = {
        "builder": attr.string(default = "source", values = ["source", "embuilder"], doc = "Who makes them; the bytes are the same."),
        "features": attr.string_list(doc = "What selects the mode: wasm32 or wasm64, lto or thinlto, pic."),
        "ports_from": attr.string(doc = "A directory, absolute or in the workspace, in which the sources of ports are looked for before the network."),
        "targets": attr.string_list(default = ["auto"], doc = "Libraries, ports, patterns and groups under embuilder's names. `auto`: whatever a link needs."),
    },
)

def repositories(sdk, caches):
    """Declare all repositories.

    Args:
      sdk: attributes of `sdk_repository`.
      caches: structs of owner (a module; empty for the root), mode, targets and builder; the root's first.
    """
    host_python(name = "emroot_python")
    sdk_repository(name = "emscripten_sdk", **sdk)
    for mode in MODES:
        mine = [{"owner": c.owner, "targets": c.targets, "builder": c.builder, "ports_from": c.ports_from} for c in caches if c.mode == mode]
        mode_repository(name = "emscripten_mode_" + mode.replace("-", "_"), mode = mode, caches = json.encode(mine))
    for owner in {c.owner: None for c in caches} | {"": None}:
        cache_repository(
            name = "emscripten_cache" + ("_" + owner if owner else ""),
            modes = {c.mode: None for c in caches if c.owner == owner}.keys(),
            owner = owner,
        )

def modes_of(context, tags):
    """Names of the modes that the tags' features select, in one question."""
    if not tags:
        return []
    lists = json.encode([tag.features for tag in tags])
    done = context.execute([find_python(context), "-I", "-B", context.path(_FETCH), "features", lists])
    if done.return_code:
        fail("emscripten_deps.cache: " + done.stderr.strip())
    return json.decode(done.stdout)

def _emscripten_deps_impl(mctx):
    sdks = {True: [], False: []}
    tags, owners = [], []
    for module in mctx.modules:
        sdks[module.is_root] += module.tags.sdk
        for tag in module.tags.cache:
            tags.append(tag)
            owners.append("" if module.is_root else module.name)
    if len(sdks[True]) > 1:
        fail("emscripten_deps.sdk: the root module names %d SDKs; one build has one" % len(sdks[True]))
    sdk = (sdks[True] or sdks[False] or [None])[0]
    caches = [
        struct(owner = owner, mode = mode, targets = tag.targets, builder = tag.builder, ports_from = tag.ports_from)
        for tag, owner, mode in zip(tags, owners, modes_of(mctx, tags))
    ]
    repositories(
        {"emscripten_version": sdk.emscripten_version, "path": sdk.path, "release_of": sdk.repo} if sdk else {},
        caches,
    )
    return mctx.extension_metadata(reproducible = True)

emscripten_deps = module_extension(
    implementation = _emscripten_deps_impl,
    tag_classes = {"cache": _cache, "sdk": _sdk},
)
