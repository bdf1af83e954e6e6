"""`@emscripten_mode_<mode>`: the libraries of one mode. Fetched when something of that mode is built, not before."""

load("//bazel/private/modes:features.bzl", "ALWAYS_LINK", "DIMENSIONS", "EXCLUDED", "EXTRAS", "FEATURES", "MODE_FLAGS")
load(":run_fetch.bzl", "ask_sdk")

_BUILD = """\
load("{rules}", "emscripten_mode")
load(":mode.bzl", "MODE")
load(":reads.bzl", "READS")

package(default_visibility = ["//visibility:public"])

emscripten_mode(MODE, READS)
"""

def _mode_repository_impl(rctx):
    features = rctx.attr.mode.split("-")
    ask_sdk(rctx, "mode", {
        "always": ALWAYS_LINK,
        "caches": json.decode(rctx.attr.caches),
        "dimensions": DIMENSIONS,
        "excluded": EXCLUDED,
        "extras": {name: {"depends_on": on, "flags": FEATURES[name].link} for name, on in EXTRAS.items()},
        "features": features,
        "flags": [flag for feature in features for flag in MODE_FLAGS[feature]],
        "prebuilt": json.decode(rctx.read(rctx.attr.prebuilt)),
    }, "emscripten_deps.cache, mode %s" % rctx.attr.mode)
    rctx.file("mode.bzl", "MODE = json.decode(%s)\n" % repr(rctx.read("mode.json")))
    rctx.file("reads.bzl", "READS = %s\n" % repr(rctx.read("reads.json")))
    rctx.file("BUILD.bazel", _BUILD.format(rules = Label("//bazel/private/libraries:mode.bzl")))

mode_repository = repository_rule(
    implementation = _mode_repository_impl,
    attrs = {
        "caches": attr.string(default = "[]", doc = "What the root module declares for this mode: [{owner, targets, builder}]."),
        "mode": attr.string(),
        "prebuilt": attr.label(default = Label("@emscripten_prebuilt//:prebuilt.json")),
        "sdk": attr.label(default = Label("@emscripten_sdk//:where.json")),
    },
)
