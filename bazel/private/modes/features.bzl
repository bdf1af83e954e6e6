"""The toolchain's features and their flags. The one module that knows them: the toolchain's configuration turns them into
flags of actions, and the table of libraries (see `mode_repository.bzl`) is asked of emcc with the same flags."""

load(":options.bzl", "is_on", "says", "settings")

# Modes: one directory of libraries each.
ARCH_FLAGS = {"wasm32": [], "wasm64": ["-m64"]}
LTO_FLAGS = {"none": [], "full": ["-flto"], "thin": ["-flto=thin"]}
MODULE_FLAGS = {"main": ["-sMAIN_MODULE=2"], "side": ["-sSIDE_MODULE=2"]}

# Flags by the features of modes (`mode_axes.bzl`).
MODE_FLAGS = ARCH_FLAGS | {"lto": LTO_FLAGS["full"], "thinlto": LTO_FLAGS["thin"], "pic": MODULE_FLAGS["main"]}

# The feature of the toolchain for that of a mode; the platform chooses the architecture.
MODE_CONDITIONS = {"lto": "lto", "thinlto": "thin_lto", "pic": "main_module"}

# How `--linkopt` says what a feature or the platform says; `transition.bzl` reads more.
MODE_OPTIONS = {
    "lto": ["-flto", "-flto=full"],
    "thin_lto": ["-flto=thin"],
    "wasm64": ["-m64", "-sMEMORY64", "-sMEMORY64=1"],
    "main_module": ["-sMAIN_MODULE", "-sMAIN_MODULE=1", "-sMAIN_MODULE=2"],
    "side_module": ["-sSIDE_MODULE", "-sSIDE_MODULE=1", "-sSIDE_MODULE=2"],
}

# Flags of every link and compile, as with emsdk's toolchain.
ALWAYS_LINK = ["-fdiagnostics-color"]
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
    "wasm_warnings_as_errors": flags(compile = ["-Werror"]),
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
# emcc. The first value of each is the one without any of the features. Libraries know three kinds of optimisation: with
# assertions (-O0 has them), without, and smallest (-Oz), which has them or not.
DIMENSIONS = [
    ("optimize", {"assertions": ["-O0"], "none": ["-O2"], "size": ["-Oz"], "size_assertions": ["-Oz", "-sASSERTIONS"]}),
    ("exceptions", {"none": [], "exceptions": FEATURES["exceptions"].link, "wasm_exceptions": FEATURES["wasm_exceptions"].link}),
    ("threads", {"none": [], "use_pthreads": FEATURES["use_pthreads"].link, "wasm_workers": FEATURES["wasm_workers"].link}),
    ("runtime", {"none": [], "wasm_asan": FEATURES["wasm_asan"].link, "wasm_ubsan": FEATURES["wasm_ubsan"].link}),
    ("language", {"cxx": [], "c_link": FEATURES["c_link"].link}),
]

# Pairs that are not asked for: emcc refuses them.
EXCLUDED = [
    [("runtime", "wasm_asan"), ("threads", "wasm_workers")],
    [("runtime", "wasm_ubsan"), ("threads", "wasm_workers")],
]

# Features that add or remove libraries whatever the others are, but for the dimensions on which their own variants
# depend. One that is a value of a dimension too is meant here if another value of that one is chosen.
EXTRAS = {
    "wasm_workers": ["optimize", "threads"],
    "wasm_ubsan": ["optimize", "runtime"],
    "wasm_standalone": ["exceptions", "threads", "runtime"],
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

# What features say that decides about libraries.
_SAID = {name: settings(f.link) for name, f in FEATURES.items()}

# Features that the choice of libraries looks at, and of those the ones that are on unless turned off.
SELECTING = [name for name, f in FEATURES.items() if _SAID[name] or [other for other in f.implies if _SAID[other]]]
BY_DEFAULT = [name for name in SELECTING if FEATURES[name].enabled]

def link_settings(enabled, compilation_mode, options):
    """What a link is told that decides about its libraries; `enabled` has `-NAME` for a feature that is turned off."""
    on = {name: None for name in enabled + BY_DEFAULT if "-" + name not in enabled}
    on.update({other: None for name in on for other in (FEATURES[name].implies if name in FEATURES else [])})
    said = list(COMPILATION_MODES[compilation_mode].link)
    for name, f in FEATURES.items():
        if name in on and getattr(f, "only_with", None) in (None, compilation_mode):
            said += f.link
    return settings(said + options)

def _optimize(said):
    level = said.get("OPTIMIZE", "0")
    assertions = is_on(said.get("ASSERTIONS", "1" if level == "0" else "0"))
    if level == "z":
        return "size_assertions" if assertions else "size"
    return "assertions" if assertions else "none"

def combination(said):
    """The combination of dimensions that settings select: the value of each by its name."""
    chosen = {"optimize": _optimize(said)}
    for name, choices in DIMENSIONS[1:]:
        on = [choice for choice in choices if choice in FEATURES and says(said, _SAID[choice])]
        chosen[name] = (on or list(choices))[0]
    if chosen["threads"] == "none" and is_on(said.get("SHARED_MEMORY")):
        chosen["threads"] = "wasm_workers"  # their libraries are those for memory that is shared without threads
    return chosen

def combination_name(chosen):
    """How the table spells a combination (`src/emroot/bazel/repositories/link_table.py: key`)."""
    return ",".join(["%s=%s" % (name, chosen[name]) for name in sorted(chosen)])

def extra_libraries(said, chosen):
    """Features of EXTRAS that settings say, and the combination does not."""
    return [name for name in EXTRAS if says(said, _SAID[name]) and name not in chosen.values()]
