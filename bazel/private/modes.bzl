"""Which mode a list of features selects, as `src/emroot/modes.py: parse_features` has it."""

_FEATURES = {"wasm32": "arch", "wasm64": "arch", "lto": "lto", "thinlto": "lto", "pic": "pic"}
_ALIASES = {"lto-thin": "thinlto"}

def _split(features):
    words = []
    for word in " ".join(features).replace(",", " ").lower().split(" "):
        for alias, name in _ALIASES.items():
            word = word.replace(alias, name)
        parts = word.split("-")
        words += [w for w in (parts if parts[0] in _FEATURES else [word]) if w]
    return words

def parse_features(features):
    """The name of the mode; fails for a feature that does not exist, and for two that exclude each other.

    Args:
      features: names in any order; each item may hold several, joined by `,`, `-` or spaces.
    """
    chosen = {}
    for feature in _split(features):
        if feature not in _FEATURES:
            fail("emscripten_deps.cache: unknown feature '%s'; the features are %s" % (feature, ", ".join(_FEATURES)))
        kind = _FEATURES[feature]
        if chosen.get(kind, feature) != feature:
            fail("emscripten_deps.cache: features '%s' and '%s' exclude each other; ask for both modes by two tags" % (chosen[kind], feature))
        chosen[kind] = feature
    return "-".join([chosen.get("arch", "wasm32")] + [chosen[kind] for kind in ("lto", "pic") if kind in chosen])
