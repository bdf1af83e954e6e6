"""The features of modes. Made from src/emroot/modes.py by `python3 dev.py docs --write`; a test compares."""

# The axis and the value of each feature; the first axis is always chosen.
MODE_FEATURES = {
    "wasm32": ("arch", "wasm32"),
    "wasm64": ("arch", "wasm64"),
    "lto": ("lto", "full"),
    "thinlto": ("lto", "thin"),
    "pic": ("pic", True),
}

ALIASES = {"lto-thin": "thinlto"}

AXES = ["arch", "lto", "pic"]

ARCHITECTURES = ["wasm32", "wasm64"]

MODES = [
    "wasm32",
    "wasm32-lto",
    "wasm32-thinlto",
    "wasm32-pic",
    "wasm32-lto-pic",
    "wasm32-thinlto-pic",
    "wasm64",
    "wasm64-lto",
    "wasm64-thinlto",
    "wasm64-pic",
    "wasm64-lto-pic",
    "wasm64-thinlto-pic",
]
