"""The module extension: which SDK, and which system libraries besides those that links ask for by themselves.

    emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
    emscripten_deps.sdk(path = "...")
    emscripten_deps.cache(features = ["wasm64", "lto"], targets = ["auto", "libembind"])
    use_repo(emscripten_deps, "emscripten_cache")
    register_toolchains("@emroot//bazel/toolchain:all")
"""

load("//bazel/private/repositories:extension.bzl", _emscripten_deps = "emscripten_deps")

emscripten_deps = _emscripten_deps
