"""The transition from a program's name to a way of building it. What is of links alone is no part of it (`link.bzl`): all that a
program depends on would be compiled once more."""

load(":options.bzl", "is_on", "joined", "settings")

_FEATURES = "//command_line_option:features"
_PLATFORMS = "//command_line_option:platforms"
_MALLOC = "//command_line_option:custom_malloc"
_LINKOPT = "//command_line_option:linkopt"
_DYNAMIC_MODE = "//command_line_option:dynamic_mode"

# None, whatever is asked of the machine's own programs (`malloc` of a `cc_binary`): Emscripten's is a system library.
_NO_MALLOC = str(Label("@bazel_tools//tools/cpp:malloc"))

# Neither chooses a toolchain, but conditions of targets look at them, and would find the machine's own.
_BY_NAME = {"//command_line_option:compiler": "emscripten", "//command_line_option:cpu": "wasm"}

# Features that an attribute decides, so that one from the command line does not contradict it; `_default` leaves it to that, and
# to options.
_LTO = {"full": ["lto"], "none": [], "thin": ["thin_lto"]}
_DYNAMIC = {"main": ["main_module"], "none": [], "side": ["side_module"]}
_THREADS = {"emscripten": ["use_pthreads"], "off": ["-use_pthreads"]}
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

def _from_options(attr, said):
    """Features that options of the link ask for: compiles have to have them too, and libraries of another mode."""
    chosen = []
    if attr.lto == "_default":
        chosen += _LTO.get(said.get("LTO"), [])
    if attr.dynamic == "_default":
        chosen += _DYNAMIC["main"] if is_on(said.get("MAIN_MODULE")) else []
        chosen += _DYNAMIC["side"] if is_on(said.get("SIDE_MODULE")) else []
    if attr.threads == "_default" and is_on(said.get("PTHREADS")):
        chosen += _THREADS["emscripten"]
    if is_on(said.get("WASM_WORKERS")):
        chosen.append("wasm_workers")
    return chosen

def _wasm_transition_impl(settings_before, attr):
    features = list(settings_before[_FEATURES])
    said = settings(settings_before[_LINKOPT] + joined(attr.linkopts))
    chosen = []
    for table, value in ((_LTO, attr.lto), (_DYNAMIC, attr.dynamic), (_THREADS, attr.threads), (_SIMD, attr.simd)):
        chosen += _decided(table, value, features)
    chosen += _from_options(attr, said)
    for name in chosen:
        if name not in features:
            features.append(name)
    arch = attr.arch if attr.arch != "_default" else "wasm64" if is_on(said.get("MEMORY64")) else "wasm32"
    return _BY_NAME | {
        _DYNAMIC_MODE: "off",
        _FEATURES: features,
        _MALLOC: _NO_MALLOC,
        _PLATFORMS: [str(Label("//bazel/platforms:" + arch))],
    }

wasm_transition = transition(
    implementation = _wasm_transition_impl,
    inputs = [_FEATURES, _LINKOPT],
    outputs = list(_BY_NAME) + [_DYNAMIC_MODE, _FEATURES, _MALLOC, _PLATFORMS],
)
