"""`@emscripten_cache`: the libraries under their names, `@emscripten_cache//wasm64-lto:libc`, and what was declared.

`//:emscripten_cache` holds all that the module declared; `//<mode>:cache` that of one mode. Another module's are in
`@emscripten_cache_<module>`. Nothing is asked of the SDK before a package of this repository is loaded.
"""

load(":features.bzl", "MODES")

_MODE_BUILD = """\
load("@{repo}//:mode.bzl", "MODE")
load("{rules}", "emscripten_cache_mode")

package(default_visibility = ["//visibility:public"])

emscripten_cache_mode(MODE, "{repo}", "{owner}")
"""

def _cache_repository_impl(rctx):
    for mode in MODES:
        rctx.file(mode + "/BUILD.bazel", _MODE_BUILD.format(
            owner = rctx.attr.owner,
            repo = "emscripten_mode_" + mode.replace("-", "_"),
            rules = Label(":cache.bzl"),
        ))
    rctx.file("BUILD.bazel", """\
package(default_visibility = ["//visibility:public"])

filegroup(
    name = "emscripten_cache",
    srcs = {caches},
)
""".format(caches = ["//%s:cache" % mode for mode in rctx.attr.modes]))

cache_repository = repository_rule(
    implementation = _cache_repository_impl,
    attrs = {
        "modes": attr.string_list(doc = "Modes for which the owner declares something."),
        "owner": attr.string(doc = "A module; empty for the root module."),
    },
)
