"""`@emscripten_prebuilt`: archives of `emroot export`, whose libraries are used as they are."""

load(":bazel_versions.bzl", "reproducible")

_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(["prebuilt.json"] + glob(
    ["shipped/sysroot/lib/**"],
    allow_empty = True,
))
"""
_MANIFEST = "shipped/.emroot/manifest.json"

def _prebuilt_repository_impl(rctx):
    sdks, libraries = {}, {}
    for url, sha256 in rctx.attr.archives.items():
        rctx.download_and_extract(url = url, sha256 = sha256, output = "shipped")
        if not rctx.path(_MANIFEST).exists:
            fail("emscripten_deps.prebuilt: %s is no archive of `emroot export`\n  hint: make one with emroot export -o FILE" % url)
        said = json.decode(rctx.read(_MANIFEST))
        rctx.delete(_MANIFEST)
        sdks[said["sdk"]["digest"]] = said["sdk"]["version"]
        libraries.update({path: None for path, file in said["files"].items() if "kind" in file})
    rctx.file("prebuilt.json", json.encode({"libraries": libraries.keys(), "sdks": sdks}))
    rctx.file("BUILD.bazel", _BUILD)
    return reproducible(rctx)

prebuilt_repository = repository_rule(
    implementation = _prebuilt_repository_impl,
    attrs = {"archives": attr.string_dict(doc = "The sha256 of each archive, by its URL.")},
)
