"""The files that a link leaves: what they may be called, and which there will be, as far as its options tell."""

load("//bazel/private/modes:options.bzl", "is_on", "settings")

# All that a link may leave, after the program's name (`output_unpacker.py: KINDS`).
ALLOWED = (
    "aw.js d.ts data html js js.mem js.symbols mjs mjs.symbols support.js support.mjs symbols ts wasm wasm.debug.wasm wasm.dwp " +
    "wasm.js wasm.map wasm.orig worker.js worker.mjs ww.js"
).split(" ")

# Those that have a label where a rule names none, as with emsdk's rule.
LABELLED = ["data", "html", "js", "mjs", "symbols", "wasm", "wasm.debug.wasm", "wasm.map"]

def divide(name):
    """A file's name as the program's and the longest of what a link adds to it, or nothing."""
    kinds = sorted([kind for kind in ALLOWED if name.endswith("." + kind)], key = len)
    return (name.removesuffix("." + kinds[-1]), kinds[-1]) if kinds else (name, "")

def program_name(target):
    """What the program of a target is called: `hello` for `dir/hello`, and for `hello.js` and `hello.tar` too (`link_action.py`)."""
    return divide(target.rpartition("/")[2].removesuffix(".so").removesuffix(".tar"))[0]

def named_by(outputs):
    """What a program is to be called, by its script among `outputs` or else its WebAssembly; empty if there is neither."""
    names = {kind: name for name, kind in [divide(output) for output in outputs]}
    return ([names[kind] for kind in ("html", "mjs", "js", "wasm") if kind in names] or [""])[0]

def _debug_kinds(words):
    """Files next to the program that are for debuggers; `-g0` takes back what came before it."""
    found = []
    for word in words:
        if word == "-g0":
            found = []
        elif word in ("-gsource-map", "-gsource-map=inline", "-g4"):
            found.append("wasm.map")
        elif word == "-gseparate-dwarf":
            found.append("wasm.debug.wasm")
    return found

def _format(words, said):
    """What a link is written as (`emcc_wrapper.py: _output_format`)."""
    given = ["js"]
    for word, following in zip(words, words[1:] + [""]):
        if word == "--oformat" or word.startswith("--oformat="):
            given.append(word.partition("=")[2] or following)
    return "wasm" if is_on(said.get("SIDE_MODULE")) or is_shared(words) or given[-1] in ("bare", "wasm") else given[-1]

def is_shared(words):
    """Whether it is a shared library that is linked, and no program (`link_action.py: SHARED`)."""
    return "--emroot-shared" in words

def default_kinds(words):
    """Kinds of files that a link with these arguments leaves, of those that emsdk's rule has and modules of JavaScript."""
    said = settings(words)
    written, single = _format(words, said), is_on(said.get("SINGLE_FILE"))
    found = {"html": ["html"], "mjs": ["mjs"], "wasm": []}.get(written, ["js"])
    if written == "html" and not single:
        found.append("js")
    wasm = written == "wasm" or not (single or said.get("WASM") == "0")
    if wasm:
        found += ["wasm"] + [kind for kind in ("wasm.map", "wasm.debug.wasm") if kind in _debug_kinds(words)]
    if "--emit-symbol-map" in words or is_on(said.get("EMIT_SYMBOL_MAP")):
        found.append("symbols")
    if [word for word in words if word.partition("=")[0] in ("--preload-file", "-preload-file")]:
        found.append("data")
    return found
