"""`@emscripten_sdk`: the SDK's parts side by side, whatever kind of installation they come from.

    emscripten/    the directory of emcc.py
    llvm/          bin/ with the tools that are used, lib/clang/N with clang's own headers
    binaryen/bin/  Binaryen's tools
    node/          Node
    headers/       the headers that the SDK installs in a cache: links to its own, and those that it makes
    sdk.json       what is to be known at build time (`src/emroot/bazel/sdk_layout.py`)
    resource_dir   where clang's own headers are to appear in objects
"""

load(":releases.bzl", "release_archive")
load(":run_fetch.bzl", "run_fetch")

_BUILD = """\
load("{rules}", "emscripten_sdk")

package(default_visibility = ["//visibility:public"])

emscripten_sdk(
    name = "sdk",
    about = "sdk.json",
    archiver = "llvm/bin/{archiver}",
    archivers = glob(
        ["llvm/bin/llvm-ar*", "llvm/lib/*"],
        allow_empty = True,
    ),
    clang = ["llvm/bin/{clang}", "llvm/bin/{clangxx}"],
    compilers = glob(
        ["llvm/bin/clang*", "llvm/lib/*"],
        exclude = ["llvm/bin/clang-cl*", "llvm/bin/clang-cpp*", "llvm/bin/clang-scan-deps*"],
        allow_empty = True,
    ),
    headers = glob(["headers/**"]),
    own_headers = glob(["llvm/lib/clang/**"]),
    resource_dir = "resource_dir",
    said_resource_dir = {resource_dir},
    sources = glob(
        ["emscripten/system/**", "emscripten/third_party/*.h"],
        exclude = ["**/__pycache__/**"],
        allow_empty = True,
    ),
    emscripten = glob(
        ["emscripten/*.py", "emscripten/*.txt", "emscripten/tools/**", "emscripten/src/**", "emscripten/third_party/**"],
        exclude = ["**/__pycache__/**"],
        allow_empty = True,
    ),
    linker = glob(
        ["llvm/bin/**", "binaryen/**", "node/**", "emscripten/node_modules/**"],
        exclude = ["**/* *"],
        allow_empty = True,
    ),
    version = {version},
)

filegroup(
    name = "shipped",
    srcs = glob(["shipped/**"], allow_empty = True),
)

exports_files(["identity.json", "sdk.json", "where.json"] + glob(["shipped/**"], allow_empty = True))
"""

# Of LLVM's tools, those that emcc calls.
_LLVM = ["clang", "lld", "wasm-ld", "llvm-ar", "llvm-dwarfdump", "llvm-dwp", "llvm-nm", "llvm-objcopy", "llvm-objdump", "llvm-ranlib", "llvm-readobj", "llvm-strip", "llvm-size", "llvm-symbolizer"]

def _link(rctx, where):
    """Link each part to where it lies."""
    rctx.symlink(where["root"], "emscripten")
    for entry in rctx.path(where["llvm"]).readdir():
        if [name for name in _LLVM if entry.basename.startswith(name)]:
            rctx.symlink(entry, "llvm/bin/" + entry.basename)
    for part in ("include", "lib", "share"):
        here = rctx.path(where["resource_dir"]).get_child(part)
        if here.exists and part == "include":
            rctx.symlink(here, "llvm/lib/clang/%s/%s" % (where["resource_version"], part))
    for entry in rctx.path(where["llvm"]).dirname.get_child("lib").readdir() if rctx.path(where["llvm"]).dirname.get_child("lib").exists else []:
        # Apple's linker wants libLTO; neither clang nor LLVM's linker does.
        if entry.basename.startswith("lib") and not entry.basename.startswith("libLTO") and (".so" in entry.basename or entry.basename.endswith(".dylib")):
            rctx.symlink(entry, "llvm/lib/" + entry.basename)
    binaryen = rctx.path(where["binaryen"])
    for entry in binaryen.get_child("bin").readdir():
        if entry.basename.startswith(("wasm-opt", "wasm-emscripten-finalize", "wasm-metadce", "wasm-ctor-eval", "wasm-split", "wasm2js", "wasm-merge", "wasm-as", "wasm-dis")):
            rctx.symlink(entry, "binaryen/bin/" + entry.basename)
    if binaryen.get_child("lib").exists:
        for entry in binaryen.get_child("lib").readdir():
            if entry.basename.startswith("libbinaryen"):
                rctx.symlink(entry, "binaryen/lib/" + entry.basename)
    if where["node"]:
        node = rctx.path(where["node"])
        rctx.symlink(node, "node/" + node.basename)
    for path in where["prebuilt"]:
        rctx.symlink(rctx.path(where["root"]).get_child("cache").get_child(path), "shipped/" + path)

def _find(rctx):
    """Where the SDK lies, and whether it is an installation of this machine."""
    given = [name for name in ("path", "emscripten_version", "release_of") if getattr(rctx.attr, name)]
    if len(given) > 1:
        fail("emscripten_deps.sdk takes only one of path, emscripten_version and repo: remove the others")
    if rctx.attr.path:
        path = rctx.workspace_root.get_child(rctx.attr.path) if not rctx.attr.path.startswith(("/", "~")) and rctx.attr.path[1:2] != ":" else rctx.attr.path.replace("~", rctx.getenv("HOME") or "~", 1)
        return str(path), True
    if rctx.attr.release_of:
        return str(rctx.path(rctx.attr.release_of.same_package_label("BUILD.bazel")).dirname), False
    if rctx.attr.emscripten_version:
        archive = release_archive(rctx, rctx.attr.emscripten_version)
        rctx.download_and_extract(url = archive.url, sha256 = archive.sha256, output = "release")
        return str(rctx.path("release").get_child("install")), False
    return rctx.getenv("EMSDK") or rctx.getenv("EMSCRIPTEN_ROOT"), True

def _sdk_repository_impl(rctx):
    path, local = _find(rctx)
    node = rctx.getenv("EMROOT_NODE") or rctx.which("node") or ""
    run_fetch(rctx, "sdk", {"path": path or "", "local": local, "node": str(node)}, "emscripten_deps.sdk")
    where = json.decode(rctx.read("where.json"))
    if where["doubt"]:
        # buildifier: disable=print
        print("emscripten_deps.sdk: warning: " + where["doubt"])
    if local:
        for name in ("emscripten-version.txt", "tools/system_libs.py", "tools/link.py"):
            rctx.watch(rctx.path(where["root"]).get_child(name))
    _link(rctx, where)
    rctx.file("BUILD.bazel", _BUILD.format(
        archiver = where["tools"]["llvm-ar"],
        clang = where["tools"]["clang"],
        clangxx = where["tools"]["clang++"],
        resource_dir = repr(rctx.read("resource_dir")),
        rules = Label("//bazel/private/sdk:sdk.bzl"),
        version = repr(where["version"]),
    ))

sdk_repository = repository_rule(
    implementation = _sdk_repository_impl,
    attrs = {
        "emscripten_version": attr.string(),
        "path": attr.string(),
        "release_of": attr.label(),
    },
)
