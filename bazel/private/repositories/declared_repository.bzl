"""`@emscripten_declared`: the libraries of a mode that a link gets with `granularity=lazy`. A mode of which nothing is declared has
none, and its repository, for which the SDK is asked for all libraries of the mode, is not fetched."""

load("//bazel/private/modes:mode_axes.bzl", "MODES")
load(":bazel_versions.bzl", "reproducible")

_BUILD = """\
load("{rules}", "no_libraries")

package(default_visibility = ["//visibility:public"])

"""
_DECLARED = """\
alias(
    name = "{mode}",
    actual = "@emscripten_mode_{repo}//:link",
)
"""
_NONE = """\
no_libraries(name = "{mode}")
"""

def _declared_repository_impl(rctx):
    targets = [
        (_DECLARED if mode in rctx.attr.modes else _NONE).format(mode = mode, repo = mode.replace("-", "_"))
        for mode in MODES
    ]
    rctx.file("BUILD.bazel", _BUILD.format(rules = Label("//bazel/private/libraries:selection.bzl")) + "\n".join(targets))
    return reproducible(rctx)

declared_repository = repository_rule(
    implementation = _declared_repository_impl,
    attrs = {"modes": attr.string_list(doc = "Modes of which something is declared.")},
)
