"""For WORKSPACE: all repositories of emroot, after rules_cc, bazel_skylib and platforms are there.

    load("@emroot//bazel:deps.bzl", "emscripten_deps")
    emscripten_deps(emscripten_version = "6.0.8", features = ["wasm64"], targets = ["auto"])
    register_toolchains("@emroot//bazel/toolchain:all")
"""

load("//bazel/private/repositories:workspace.bzl", _emscripten_deps = "emscripten_deps")

emscripten_deps = _emscripten_deps
