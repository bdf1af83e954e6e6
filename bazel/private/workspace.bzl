"""What `extension.bzl` does, for WORKSPACE."""

load(":extension.bzl", "repositories")
load(":features.bzl", "MODES")

def _mode(features):
    """The mode that features select; without Python, which a WORKSPACE macro cannot start."""
    features = ["thinlto" if f == "lto-thin" else f for f in features]
    unknown = [f for f in features if f not in ("wasm32", "wasm64", "lto", "thinlto", "pic")]
    if unknown:
        fail("emscripten_deps: unknown feature %r; the features are wasm32, wasm64, lto, thinlto, pic" % unknown[0])
    for pair in (("wasm32", "wasm64"), ("lto", "thinlto")):
        if pair[0] in features and pair[1] in features:
            fail("emscripten_deps: features %r and %r exclude each other" % pair)
    arch = "wasm64" if "wasm64" in features else "wasm32"
    mode = "-".join([arch] + [f for f in ("lto", "thinlto", "pic") if f in features])
    if mode not in MODES:
        fail("emscripten_deps: no mode %s" % mode)
    return mode

def emscripten_deps(emscripten_version = None, features = [], targets = ["auto"], path = None, builder = "source", ports_from = ""):
    """Declare the SDK's and the libraries' repositories.

    Args:
      emscripten_version: an official release, to be downloaded.
      features: what selects the mode for which `targets` are declared.
      targets: libraries besides those that links ask for by themselves.
      path: an installation of this machine, instead of a release. With neither, EMSDK or PATH name it.
      builder: `source` or `embuilder`.
      ports_from: a directory in which the sources of ports are looked for before the network.
    """
    repositories(
        {"emscripten_version": emscripten_version or "", "path": path or ""},
        [struct(owner = "", mode = _mode(features), targets = targets, builder = builder, ports_from = ports_from)],
    )
