"""Which mode a list of features selects, as `src/emroot/modes.py: parse_features` has it."""

load(":mode_axes.bzl", "ALIASES", "ARCHITECTURES", "AXES", "MODE_FEATURES")

def _split(features):
    words = []
    for word in " ".join(features).replace(",", " ").lower().split(" "):
        for alias, name in ALIASES.items():
            word = word.replace(alias, name)
        parts = word.split("-")
        words += [w for w in (parts if parts[0] in MODE_FEATURES else [word]) if w]
    return words

def parse_features(features):
    """The name of the mode of features in any order, each of which may be several, joined by `,`, `-` or spaces."""
    chosen = {}
    for feature in _split(features):
        if feature not in MODE_FEATURES:
            fail("emscripten_deps.cache: unknown feature '%s'; the features are %s" % (feature, ", ".join(MODE_FEATURES)))
        kind = MODE_FEATURES[feature][0]
        if chosen.get(kind, feature) != feature:
            fail("emscripten_deps.cache: features '%s' and '%s' exclude each other; ask for both modes by two tags" % (chosen[kind], feature))
        chosen[kind] = feature
    return "-".join([chosen.get("arch", ARCHITECTURES[0])] + [chosen[kind] for kind in AXES[1:] if kind in chosen])
