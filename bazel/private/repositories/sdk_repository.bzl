"""`@emscripten_sdk`: the SDK's parts side by side, whatever kind of installation they come from.

    emscripten/    the directory of emcc.py
    llvm/          bin/ with the tools that are used, lib/clang/N with clang's own headers
    binaryen/bin/  Binaryen's tools
    node/          Node
    headers/       the headers that the SDK installs in a cache: links to its own, and those that it makes
    sdk.json       what is to be known at build time (`src/emroot/bazel/sdk_layout.py`)
    resource_dir   where clang's own headers are to appear in objects
"""

load(":bazel_versions.bzl", "home_directory")
load(":downloads.bzl", "by_system", "download_interpreter", "download_release", "host_system")
load(":run_fetch.bzl", "run_fetch")
load(":sdk_links.bzl", "link_sdk")

def _find(rctx):
    """The directory of the SDK, and whether it is downloaded, a release of another module, or of this machine."""
    given = [name for name in ("path", "emscripten_version", "release_of") if getattr(rctx.attr, name)]
    if len(given) > 1:
        fail("emscripten_deps.sdk takes only one of path, emscripten_version and repo: remove the others")
    path = rctx.attr.path
    if path.startswith("~"):
        return home_directory(rctx, "emscripten_deps.sdk: path = \"%s\"" % path) + path[1:], "local"
    if path:
        return path if path.startswith("/") or path[1:2] == ":" else str(rctx.workspace_root.get_child(path)), "local"
    if rctx.attr.release_of:
        return str(rctx.path(rctx.attr.release_of.same_package_label("BUILD.bazel")).dirname), "repository"
    found = rctx.getenv("EMSDK") or rctx.getenv("EMSCRIPTEN_ROOT")
    version = rctx.attr.emscripten_version or ("" if found or rctx.which("emcc") else "latest")
    return (str(download_release(rctx, version, host_system(rctx))[0]), "downloaded") if version else (found, "local")

def _sdk_repository_impl(rctx):
    path, kind = _find(rctx)
    local = kind == "local"
    node = rctx.getenv("EMROOT_NODE") or (rctx.which("node") or "" if local else download_interpreter(rctx, "node", host_system(rctx), "node_release"))
    run_fetch(rctx, "sdk", {"path": path or "", "local": local, "node": str(node)}, "emscripten_deps.sdk")
    where = json.decode(rctx.read("where.json"))
    if where["doubt"]:
        # buildifier: disable=print
        print("emscripten_deps.sdk: warning: " + where["doubt"])
    if kind != "downloaded":
        # By its path in the other repository, whose files may be links: another version of a module has another release there.
        root = rctx.path(path).get_child("emscripten") if kind == "repository" else rctx.path(where["root"])
        for name in ("emscripten-version.txt", "tools/system_libs.py", "tools/link.py"):
            rctx.watch(root.get_child(name))
    link_sdk(rctx, where, lambda target: by_system(rctx, "emscripten_sdk", target, ":" + target))

sdk_repository = repository_rule(
    implementation = _sdk_repository_impl,
    attrs = {
        "emscripten_version": attr.string(),
        "path": attr.string(),
        "release_of": attr.label(),
        "workers": attr.bool(doc = "Whether there are repositories for other systems."),
    },
)

def _worker_sdk_repository_impl(rctx):
    system = rctx.attr.system
    suffix = ".exe" if system == "win" else ""
    own = rctx.path(rctx.attr.sdk).dirname
    where, about = json.decode(rctx.read(rctx.attr.sdk)), json.decode(rctx.read(own.get_child("sdk.json")))
    release, _ = download_release(rctx, where["version"], system)
    node = download_interpreter(rctx, "node", system, "node_release")
    tools = {name: file.removesuffix(".exe") + suffix for name, file in about["tools"].items()}
    rctx.file("sdk.json", json.encode(about | {"node": node.basename, "tools": tools}))
    for name in ("headers", "identity.json", "resource_dir", "where.json"):
        rctx.symlink(own.get_child(name), name)
    link_sdk(rctx, where | {
        "binaryen": str(release),
        "llvm": str(release.get_child("bin")),
        "node": str(node),
        "prebuilt": [],
        "resource_dir": str(release.get_child("lib").get_child("clang").get_child(where["resource_version"])),
        "root": str(release.get_child("emscripten")),
        "tools": tools,
    }, lambda target: repr(":" + target))

worker_sdk_repository = repository_rule(
    implementation = _worker_sdk_repository_impl,
    doc = "The release of `@emscripten_sdk` for machines of another system. Nothing of it runs where it is fetched.",
    attrs = {
        "sdk": attr.label(default = Label("@emscripten_sdk//:where.json")),
        "system": attr.string(mandatory = True),
    },
)
