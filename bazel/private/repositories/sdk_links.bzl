"""The layout of an SDK's repository: links to the parts of an installation, and its BUILD file."""

_BUILD = """\
load("{rules}", "emscripten_sdk")

package(default_visibility = ["//visibility:public"])

emscripten_sdk(
    name = "own",
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

alias(
    name = "sdk",
    actual = {sdk},
)

filegroup(
    name = "shipped",
    srcs = glob(["shipped/**"], allow_empty = True),
)

exports_files(["identity.json", "sdk.json", "where.json"] + glob(["shipped/**"], allow_empty = True))
"""

# Of LLVM's tools, those that emcc calls.
_LLVM = ["clang", "lld", "wasm-ld", "llvm-ar", "llvm-dwarfdump", "llvm-dwp", "llvm-nm", "llvm-objcopy", "llvm-objdump", "llvm-ranlib", "llvm-readobj", "llvm-strip", "llvm-size", "llvm-symbolizer"]

def link_sdk(rctx, where, sdk):
    """Link each part of an SDK, and write the BUILD file.

    Args:
      rctx: of the repository.
      where: `where.json`.
      sdk: the value of `actual` of the alias `sdk`, as text.
    """
    rctx.symlink(where["root"], "emscripten")
    for entry in rctx.path(where["llvm"]).readdir():
        if [name for name in _LLVM if entry.basename.startswith(name)]:
            rctx.symlink(entry, "llvm/bin/" + entry.basename)
    rctx.symlink(rctx.path(where["resource_dir"]).get_child("include"), "llvm/lib/clang/%s/include" % where["resource_version"])
    libraries = rctx.path(where["llvm"]).dirname.get_child("lib")
    for entry in libraries.readdir() if libraries.exists else []:
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
    rctx.file("BUILD.bazel", _BUILD.format(
        archiver = where["tools"]["llvm-ar"],
        clang = where["tools"]["clang"],
        clangxx = where["tools"]["clang++"],
        resource_dir = repr(rctx.read("resource_dir")),
        rules = Label("//bazel/private/sdk:sdk.bzl"),
        sdk = sdk,
        version = repr(where["version"]),
    ))
