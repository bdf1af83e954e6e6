"""`@emscripten_sources`: the SDK's sources and installed headers as a few archives (`src/emroot/bazel/source_archives.py`). A label
for each file would be a target that Bazel has to configure before any build; who needs single files has `@emscripten_sdk//:files`.
"""

load(":run_fetch.bzl", "run_fetch")

_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(glob(["*.zip"]))

filegroup(
    name = "sources",
    srcs = glob(["*.zip"]),
)

filegroup(
    name = "headers",
    srcs = glob(["headers*.zip"]),
)
"""

def _watch(rctx, root):
    """Have Bazel fetch again when a source changes.

    `root` is the link in `@emscripten_sdk`: of a directory that is watched by its own path and no longer there Bazel says "Inconsistent
    filesystem operations", also if the SDK is another one by then.
    """
    rctx.watch_tree(root.get_child("system"))
    for file in root.get_child("third_party").readdir():
        if file.basename.endswith(".h"):
            rctx.watch(file)

def _sources_repository_impl(rctx):
    where, sdk = json.decode(rctx.read(rctx.attr.sdk)), rctx.path(rctx.attr.sdk).dirname
    if where["local"]:
        _watch(rctx, sdk.get_child("emscripten"))
    run_fetch(rctx, "sources", {"headers": str(sdk.get_child("headers")), "resource_dir": where["resource_dir"], "root": where["root"]}, "emscripten_deps.sdk")
    rctx.file("BUILD.bazel", _BUILD)

sources_repository = repository_rule(
    implementation = _sources_repository_impl,
    attrs = {"sdk": attr.label(default = Label("@emscripten_sdk//:where.json"))},
)
