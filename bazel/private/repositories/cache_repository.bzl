"""`@emscripten_cache`: the libraries under their names, `@emscripten_cache//wasm64-lto:libc`, and what was declared.

`//ports:zlib` is a port that the module declared, for programs to depend on. `//<mode>:cache` is what the module declared for a
mode, `//:libraries` that of all modes. `//:emscripten_cache` is a whole cache directory, what the SDK ships and headers included;
with `:emscripten_config` it can stand in for the repository of that name which emsdk makes. What another module declared is in
`@emscripten_cache_<module>`. Nothing is asked of the SDK before a package of this repository is loaded.
"""

load("//bazel/private/modes:mode_axes.bzl", "MODES")

_MODE_BUILD = """\
load("@{repo}//:mode.bzl", "MODE")
load("{rules}", "emscripten_cache_mode")

package(default_visibility = ["//visibility:public"])

emscripten_cache_mode(MODE, "{repo}", "{owner}")
"""

_BUILD = """\
load("{rules}", "emscripten_cache_directory", "emsdk_config", "for_actions")

package(default_visibility = ["//visibility:public"])

filegroup(
    name = "libraries",
    srcs = {libraries},
)

emscripten_cache_directory(
    name = "directory",
    libraries = {libraries},
    shipped = "@emscripten_sdk//:shipped",
)

emsdk_config(name = "config")

for_actions(
    name = "emscripten_cache",
    actual = ":directory",
)

for_actions(
    name = "emscripten_config",
    actual = ":config",
)
"""

_PORTS_BUILD = """\
{loads}
load("{rules}", "emscripten_ports")

package(default_visibility = ["//visibility:public"])

emscripten_ports({modes})
"""

def _cache_repository_impl(rctx):
    repos = {mode: "emscripten_mode_" + mode.replace("-", "_") for mode in rctx.attr.modes}
    rctx.file("ports/BUILD.bazel", _PORTS_BUILD.format(
        loads = "\n".join(['load("@%s//:mode.bzl", %s = "MODE")' % (repo, repo.upper()) for repo in repos.values()]),
        modes = "{%s}" % ", ".join(['"%s": %s' % (repo, repo.upper()) for repo in repos.values()]),
        rules = Label("//bazel/private/libraries:cache.bzl"),
    ))
    for mode in MODES:
        rctx.file(mode + "/BUILD.bazel", _MODE_BUILD.format(
            owner = rctx.attr.owner,
            repo = "emscripten_mode_" + mode.replace("-", "_"),
            rules = Label("//bazel/private/libraries:cache.bzl"),
        ))
    rctx.file("BUILD.bazel", _BUILD.format(
        libraries = ["//%s:cache" % mode for mode in rctx.attr.modes],
        rules = Label("//bazel/private/libraries:cache.bzl"),
    ))

cache_repository = repository_rule(
    implementation = _cache_repository_impl,
    attrs = {
        "modes": attr.string_list(doc = "Modes for which the owner declares something."),
        "owner": attr.string(doc = "A module; empty for the root module."),
    },
)
