"""The toolchain's features and their flags. The one place that knows them: the toolchain's configuration turns them into
flags of actions, and the table of libraries (see `mode_repository.bzl`) is asked of emcc with the same flags."""

# Modes: one directory of libraries each.
ARCH_FLAGS = {"wasm32": [], "wasm64": ["-m64"]}
LTO_FLAGS = {"none": [], "full": ["-flto"], "thin": ["-flto=thin"]}
MODULE_FLAGS = {"main": ["-sMAIN_MODULE=2"], "side": ["-sSIDE_MODULE=2"]}
MODES = [
    arch + lto + pic
    for arch in ("wasm32", "wasm64")
    for lto in ("", "-lto", "-thinlto")
    for pic in ("", "-pic")
]

# Flags of every link and compile, as with emsdk's toolchain.
ALWAYS_LINK = []
ALWAYS_COMPILE = ["-Wall", "-fno-strict-aliasing", "-funsigned-char", "-fdiagnostics-color"]
ALWAYS_CXX = ["-std=gnu++17"]

# These come after the user's: what is compiled says nothing of the time, so that a cache can serve it.
REDACTED = ["-Wno-builtin-macro-redefined", "-D__DATE__=\"redacted\"", "-D__TIMESTAMP__=\"redacted\"", "-D__TIME__=\"redacted\""]

def flags(both = [], compile = [], cxx = [], link = [], enabled = False, implies = [], only_with = None):
    """Flags of a feature: of compiles and links, of compiles, of compiles of C++, of links; `only_with` another feature."""
    return struct(compile = both + compile, cxx = cxx, link = both + link, enabled = enabled, implies = implies, only_with = only_with)

# Compilation modes are dimensions too: libraries have debug variants.
COMPILATION_MODES = {
    "fastbuild": flags(both = ["-O0"]),
    "dbg": flags(both = ["-g", "-O0"]),
    "opt": flags(both = ["-O2"], compile = ["-DNDEBUG"]),
}

# Names, and what they do, are emsdk's where it has them; docs/bazel.md has a table of what differs.
FEATURES = {
    "exceptions": flags(both = ["-fexceptions"]),
    "wasm_exceptions": flags(both = ["-fwasm-exceptions"]),
    "use_pthreads": flags(both = ["-pthread"]),
    "wasm_workers": flags(both = ["-sWASM_WORKERS"]),
    "wasm_asan": flags(both = ["-g", "-fsanitize=address"], compile = ["-O1", "-DADDRESS_SANITIZER=1", "-fno-omit-frame-pointer"]),
    "wasm_ubsan": flags(both = ["-g3", "-fsanitize=undefined"], compile = ["-O1", "-DUNDEFINED_BEHAVIOR_SANITIZER=1", "-fno-omit-frame-pointer", "-fno-sanitize=vptr"]),
    "wasm_standalone": flags(link = ["-sSTANDALONE_WASM"]),
    "c_link": flags(link = ["-sDEFAULT_TO_CXX=0"]),
    "exit_runtime": flags(link = ["-sEXIT_RUNTIME"]),
    "precise_long_double_printf": flags(link = ["-sPRINTF_LONG_DOUBLE"], enabled = True),
    "proxy_to_pthread": flags(link = ["-sPROXY_TO_PTHREAD"]),
    "embind": flags(link = ["-lembind"]),
    "wasmfs": flags(link = ["-sWASMFS"]),
    "emmalloc": flags(link = ["-sMALLOC=emmalloc"]),
    "mimalloc": flags(link = ["-sMALLOC=mimalloc"]),
    "webgl2": flags(link = ["-sMAX_WEBGL_VERSION=2"]),
    "full_es3": flags(link = ["-sFULL_ES3"]),
    "fetch": flags(link = ["-sFETCH"]),
    "wasm_simd": flags(both = ["-msimd128"]),
    "wasm_relaxed_simd": flags(both = ["-mrelaxed-simd"], implies = ["wasm_simd"]),
    "wasm_warnings_as_errors": flags(both = ["-Werror"]),
    "optimized_for_speed": flags(both = ["-O3"], only_with = "opt"),
    "optimized_for_size": flags(both = ["-Oz"], only_with = "opt"),
    "optimize_for_speed": flags(implies = ["optimized_for_speed"]),
    "optimize_for_size": flags(implies = ["optimized_for_size"]),
    "profiling": flags(link = ["--profiling"]),
    "profiling_funcs": flags(link = ["--profiling-funcs"]),
    "full_debug_info": flags(both = ["-g3"]),
    "source_maps": flags(both = ["-gsource-map"], implies = ["full_debug_info"]),
    "dwarf_debug_info": flags(both = ["-g", "-fdebug-compilation-dir=."], link = ["-gseparate-dwarf"], implies = ["profiling"]),
    "output_format_js": flags(link = ["--oformat=js"], enabled = True),
}

# Features that decide which libraries a link needs, in ways that depend on each other: every combination is asked of
# emcc. The first value of each is the one without any of the features.
DIMENSIONS = [
    ("optimize", {name: f.link for name, f in COMPILATION_MODES.items()} | {"size": ["-Oz"]}),
    ("exceptions", {"none": [], "exceptions": FEATURES["exceptions"].link, "wasm_exceptions": FEATURES["wasm_exceptions"].link}),
    ("threads", {"none": [], "use_pthreads": FEATURES["use_pthreads"].link, "wasm_workers": FEATURES["wasm_workers"].link}),
    ("runtime", {"none": [], "wasm_standalone": FEATURES["wasm_standalone"].link, "wasm_asan": FEATURES["wasm_asan"].link, "wasm_ubsan": FEATURES["wasm_ubsan"].link}),
    ("language", {"cxx": [], "c_link": FEATURES["c_link"].link}),
]

# Pairs that are not asked for: emcc refuses them, or nobody combines them.
EXCLUDED = [
    [("runtime", "wasm_standalone"), ("threads", "use_pthreads")],
    [("runtime", "wasm_standalone"), ("threads", "wasm_workers")],
    [("runtime", "wasm_asan"), ("threads", "wasm_workers")],
    [("runtime", "wasm_ubsan"), ("threads", "wasm_workers")],
]

# Features that add or remove libraries whatever the others are, but for the dimensions on which their own variants
# depend.
EXTRAS = {
    "exit_runtime": ["optimize", "runtime"],
    "precise_long_double_printf": ["optimize", "threads", "runtime"],
    "proxy_to_pthread": ["threads"],
    "embind": ["optimize", "exceptions", "threads", "language"],
    "wasmfs": ["optimize", "exceptions", "threads", "language"],
    "emmalloc": ["optimize", "threads"],
    "mimalloc": ["optimize", "threads"],
    "webgl2": ["optimize", "threads"],
    "full_es3": ["optimize", "threads"],
    "fetch": ["optimize", "threads"],
}

# What the choice of libraries looks at.
SELECTING = [name for _, choices in DIMENSIONS[1:] for name in choices if name in FEATURES] + EXTRAS.keys()

def combination(enabled, optimize):
    """The combination of dimensions that `enabled` features select; `optimize` is a compilation mode, or `size` (-Oz).

    Returns the dimensions by name, or a text that says which features exclude each other.
    """
    chosen = {"optimize": optimize}
    for name, choices in DIMENSIONS[1:]:
        on = [c for c in choices if c in enabled]
        if len(on) > 1:
            return "features %r and %r exclude each other" % (on[0], on[1])
        chosen[name] = on[0] if on else choices.keys()[0]
    return chosen

def combination_name(chosen):
    """How the table spells a combination (`fetch.py: key`)."""
    return ",".join(["%s=%s" % (name, chosen[name]) for name in sorted(chosen)])

def extra_libraries(enabled):
    """Features of EXTRAS that are on."""
    return [name for name in EXTRAS if name in enabled or (FEATURES[name].enabled and "-" + name not in enabled)]

def from_options(options, compilation_mode):
    """What options of a link say that features could say too: (features, value of the dimension `optimize`)."""
    features = []
    for option in options:
        plain = option.removesuffix("=1")
        features += [name for name in SELECTING if FEATURES[name].link[-1] == plain]
        if option.startswith("-O"):
            compilation_mode = {"-O0": "fastbuild", "-Oz": "size"}.get(option, "opt")
    return features, compilation_mode
