"""`emscripten_deps`: turns tags into repositories. Looks at nothing on the machine: the repositories do that."""

load("//bazel/private/modes:mode_axes.bzl", "MODES")
load("//bazel/private/modes:parse_features.bzl", "parse_features")
load(":cache_repository.bzl", "cache_repository")
load(":declared_repository.bzl", "declared_repository")
load(":downloads.bzl", "SYSTEMS", "repository_of")
load(":mode_repository.bzl", "mode_repository")
load(":port_repository.bzl", "port_repository", "port_repository_name")
load(":prebuilt_repository.bzl", "prebuilt_repository")
load(":python_repository.bzl", "python_repository")
load(":sdk_repository.bzl", "sdk_repository", "worker_sdk_repository")
load(":sources_repository.bzl", "sources_repository")

_sdk = tag_class(
    doc = "The Emscripten SDK: one of these. Without any, the one that EMSDK or PATH name when Bazel fetches, or else the newest release.",
    attrs = {
        "emscripten_version": attr.string(doc = "An official release to download, for each system that runs actions: `6.0.8`, or `latest`."),
        "path": attr.string(doc = "An installation on this machine: an emsdk, or the directory of emcc.py."),
        "repo": attr.label(doc = "A repository of another module that contains a release: `@emscripten_bin_linux`."),
    },
)

_cache = tag_class(
    doc = "System libraries of one mode. May be repeated; none replaces another.",
    attrs = {
        "builder": attr.string(default = "source", values = ["source", "embuilder"], doc = "How the libraries are built; both give the same bytes."),
        "features": attr.string_list(doc = "The features of the mode: wasm32 or wasm64, lto or thinlto, pic."),
        "ports_from": attr.string(doc = "A directory, absolute or in the workspace, that is searched for the sources of ports before the network."),
        "targets": attr.string_list(default = ["auto"], doc = "Libraries, ports, patterns and groups, with embuilder's names. `auto`: everything that a link needs."),
    },
)

_prebuilt = tag_class(
    doc = "Libraries that were built elsewhere with the same SDK. Those of dependencies do not count.",
    attrs = {
        "sha256": attr.string(mandatory = True, doc = "What `emroot export` printed."),
        "url": attr.string(mandatory = True, doc = "An archive of `emroot export`."),
    },
)

def _port_repositories(caches):
    """One for each declared target that may be a port, or a pattern of some: which are is known when it is fetched."""
    targets, directories = {}, {}
    for cache in caches:
        for target in cache.targets:
            name = port_repository_name(target)
            targets.setdefault(name, {})[target] = None
            directories.setdefault(name, {}).update({cache.ports_from: None} if cache.ports_from else {})
    for name, found in targets.items():
        port_repository(name = name, targets = found.keys(), ports_from = directories[name].keys())

def repositories(sdk, caches, prebuilt = {}):
    """Declare all repositories of an SDK, of modules' `caches` (the root's first), and of `prebuilt` archives (sha256 by URL)."""

    # Only a release that is named is known to be there for other systems, too.
    workers = bool(sdk.get("emscripten_version"))
    python_repository(name = "emroot_python", workers = workers)
    sdk_repository(name = "emscripten_sdk", workers = workers, **sdk)
    sources_repository(name = "emscripten_sources")
    prebuilt_repository(name = "emscripten_prebuilt", archives = prebuilt)
    for system in SYSTEMS if workers else []:
        python_repository(name = repository_of("emroot_python", system), system = system)
        worker_sdk_repository(name = repository_of("emscripten_sdk", system), system = system)
    for mode in MODES:
        mine = [{"owner": c.owner, "targets": c.targets, "builder": c.builder} for c in caches if c.mode == mode]
        mode_repository(name = "emscripten_mode_" + mode.replace("-", "_"), mode = mode, caches = json.encode(mine))
    declared_repository(name = "emscripten_declared", modes = {c.mode: None for c in caches}.keys())
    _port_repositories(caches)
    for owner in {c.owner: None for c in caches} | {"": None}:
        cache_repository(
            name = "emscripten_cache" + ("_" + owner if owner else ""),
            modes = {c.mode: None for c in caches if c.owner == owner}.keys(),
            owner = owner,
        )

def _agreed(named):
    """The SDK that dependencies name where the root module names none: all the same one, and it is said whose it is."""
    found = {(tag.emscripten_version, tag.path, str(tag.repo)): tag for _, tag in named}
    names = {name: None for name, _ in named}.keys()
    if len(found) > 1:
        fail("emscripten_deps.sdk: modules %s name different SDKs: name one in the root module" % ", ".join(names))
    if names:
        # buildifier: disable=print
        print("emscripten_deps.sdk: the SDK is the one that module %s names; the root module names none" % names[0])
    return named[0][1] if named else None

def _emscripten_deps_impl(mctx):
    sdks = {True: [], False: []}
    tags, owners = [], []
    for module in mctx.modules:
        sdks[module.is_root] += module.tags.sdk if module.is_root else [(module.name, tag) for tag in module.tags.sdk]
        for tag in module.tags.cache:
            tags.append(tag)
            owners.append("" if module.is_root else module.name)
    if len(sdks[True]) > 1:
        fail("emscripten_deps.sdk: the root module names %d SDKs: remove all but one" % len(sdks[True]))
    sdk = (sdks[True] or [_agreed(sdks[False])])[0]
    caches = [
        struct(owner = owner, mode = parse_features(tag.features), targets = tag.targets, builder = tag.builder, ports_from = tag.ports_from)
        for tag, owner in zip(tags, owners)
    ]
    repositories(
        {"emscripten_version": sdk.emscripten_version, "path": sdk.path, "release_of": sdk.repo} if sdk else {},
        caches,
        {tag.url: tag.sha256 for module in mctx.modules if module.is_root for tag in module.tags.prebuilt},
    )
    root = [module.name for module in mctx.modules if module.is_root]
    if not root or root[0] == "emroot":
        return mctx.extension_metadata(reproducible = True)
    direct = {True: ["emscripten_cache"], False: []}
    return mctx.extension_metadata(
        reproducible = True,
        # What `bazel mod tidy` writes into `use_repo`.
        root_module_direct_deps = direct[mctx.root_module_has_non_dev_dependency],
        root_module_direct_dev_deps = direct[not mctx.root_module_has_non_dev_dependency],
    )

emscripten_deps = module_extension(
    implementation = _emscripten_deps_impl,
    tag_classes = {"cache": _cache, "prebuilt": _prebuilt, "sdk": _sdk},
)
