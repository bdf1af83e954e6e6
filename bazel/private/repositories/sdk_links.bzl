"""The layout of an SDK's repository: links to the parts of an installation, and its BUILD file."""

_BUILD = """\
load("{rules}", "emscripten_sdk", "emscripten_source_files")

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
    compiling = glob(
        ["emscripten/*.*", "emscripten/src/settings*", "emscripten/tools/**", "emscripten/third_party/**/*.py"],
        exclude = ["**/__pycache__/**"],
        allow_empty = True,
    ),
    resource_dir = "resource_dir",
    said_resource_dir = {resource_dir},
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
)

emscripten_source_files(
    name = "own_files",
    headers = glob(["headers/**"]),
    own_headers = glob(["llvm/lib/clang/**"]),
    sources = glob(
        ["emscripten/system/**", "emscripten/third_party/*.h"],
        exclude = ["**/__pycache__/**"],
        allow_empty = True,
    ),
)

alias(
    name = "sdk",
    actual = {sdk},
)

# Thousands of targets: for who needs single sources.
alias(
    name = "files",
    actual = {files},
)

filegroup(
    name = "shipped",
    srcs = glob(["shipped/**"], allow_empty = True),
)

exports_files(["identity.json", "sdk.json", "where.json"] + glob(["shipped/**"], allow_empty = True))
"""

# How the names of tools that emcc calls begin.
_LLVM = ("clang", "lld", "wasm-ld", "llvm-ar", "llvm-dwarfdump", "llvm-dwp", "llvm-nm", "llvm-objcopy", "llvm-objdump", "llvm-ranlib", "llvm-readobj", "llvm-strip", "llvm-size", "llvm-symbolizer")
_BINARYEN = ("wasm-opt", "wasm-emscripten-finalize", "wasm-metadce", "wasm-ctor-eval", "wasm-split", "wasm2js", "wasm-merge", "wasm-as", "wasm-dis")

def _entries(rctx, directory, local):
    """The entries of a directory, if it exists.

    If it is of this machine, Bazel fetches again when it comes or goes. It is not told to watch the list: of a directory that is gone by
    then it says "Inconsistent filesystem operations", and builds nothing.
    """
    if local:
        rctx.watch(directory)
    return directory.readdir(watch = "no") if directory.exists else []

def _link_entries(rctx, directory, local, beginnings, to):
    """Link the entries of a directory, if it exists, whose names begin like this."""
    for entry in _entries(rctx, directory, local):
        if entry.basename.startswith(beginnings):
            rctx.symlink(entry, to + entry.basename)

def link_sdk(rctx, where, choose):
    """Link each part of an SDK (`where.json`), and write the BUILD file. `choose`: what the alias of a target is for, as text."""
    rctx.symlink(where["root"], "emscripten")
    _link_entries(rctx, rctx.path(where["llvm"]), where["local"], _LLVM, "llvm/bin/")
    rctx.symlink(rctx.path(where["resource_dir"]).get_child("include"), "llvm/lib/clang/%s/include" % where["resource_version"])
    libraries = rctx.path(where["llvm"]).dirname.get_child("lib")
    for entry in _entries(rctx, libraries, where["local"]):
        # Apple's linker wants libLTO; neither clang nor LLVM's linker does.
        if entry.basename.startswith("lib") and not entry.basename.startswith("libLTO") and (".so" in entry.basename or entry.basename.endswith(".dylib")):
            rctx.symlink(entry, "llvm/lib/" + entry.basename)
    binaryen = rctx.path(where["binaryen"])
    _link_entries(rctx, binaryen.get_child("bin"), where["local"], _BINARYEN, "binaryen/bin/")
    _link_entries(rctx, binaryen.get_child("lib"), where["local"], "libbinaryen", "binaryen/lib/")
    if where["node"]:
        node = rctx.path(where["node"])
        rctx.symlink(node, "node/" + node.basename)
    for path in where["prebuilt"]:
        rctx.symlink(rctx.path(where["root"]).get_child("cache").get_child(path), "shipped/" + path)
    rctx.file("BUILD.bazel", _BUILD.format(
        archiver = where["tools"]["llvm-ar"],
        clang = where["tools"]["clang"],
        clangxx = where["tools"]["clang++"],
        files = choose("own_files"),
        resource_dir = repr(rctx.read("resource_dir")),
        rules = Label("//bazel/private/sdk:sdk.bzl"),
        sdk = choose("own"),
    ))
