"""The transition from a program's name to a way of building it."""

_FEATURES = "//command_line_option:features"
_PLATFORMS = "//command_line_option:platforms"
_MALLOC = "//command_line_option:custom_malloc"
_LINKOPT = "//command_line_option:linkopt"

# Features that an attribute decides, so that one from the command line does not contradict it.
_LTO = {"full": ["lto"], "none": [], "thin": ["thin_lto"]}
_DYNAMIC = {"main": ["main_module"], "none": [], "side": ["side_module"]}
_THREADS = {"emscripten": ["use_pthreads"], "off": []}
_SIMD = {"off": [], "relaxed_simd": ["wasm_relaxed_simd"], "simd128": ["wasm_simd"]}

def _decided(table, value, kept):
    """Features of `value`; those of other values are taken from `kept`."""
    if value == "_default":
        return []
    for features in table.values():
        for name in features:
            if name in kept:
                kept.remove(name)
    return table[value]

def _wasm_transition_impl(settings, attr):
    features = list(settings[_FEATURES])
    chosen = []
    for table, value in ((_LTO, attr.lto), (_DYNAMIC, attr.dynamic), (_THREADS, attr.threads), (_SIMD, attr.simd)):
        chosen += _decided(table, value, features)
    if attr.exit_runtime:
        chosen.append("exit_runtime")
    if attr.standalone:
        chosen.append("wasm_standalone")
    for name in chosen:
        if name not in features:
            features.append(name)
    return {
        _FEATURES: features,
        _MALLOC: None,
        _LINKOPT: settings[_LINKOPT] + attr.linkopts,
        _PLATFORMS: [str(Label("//bazel/platforms:" + attr.arch))],
    }

wasm_transition = transition(
    implementation = _wasm_transition_impl,
    inputs = [_FEATURES, _LINKOPT],
    outputs = [_FEATURES, _LINKOPT, _MALLOC, _PLATFORMS],
)
