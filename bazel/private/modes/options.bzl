"""What the options of a link say that decides about its libraries, in whichever of emcc's ways it is said."""

# Settings under their other names.
_ALIASES = {"USE_PTHREADS": "PTHREADS"}

# Options that are settings too.
_SETTINGS = {
    "-pthread": ("PTHREADS", "1"),
    "-no-pthread": ("PTHREADS", "0"),
    "-fexceptions": ("EXCEPTIONS", "js"),
    "-fwasm-exceptions": ("EXCEPTIONS", "wasm"),
    "-fno-exceptions": ("EXCEPTIONS", "0"),
    "-flto": ("LTO", "full"),
    "-fno-lto": ("LTO", "0"),
    "-m32": ("MEMORY64", "0"),
    "-m64": ("MEMORY64", "1"),
    "--bind": ("EMBIND", "1"),
    "-lembind": ("EMBIND", "1"),
    "-lfetch": ("FETCH", "1"),
    "-lwasmfs": ("WASMFS", "1"),
}

def joined(options):
    """Options, with `-s KEY=VALUE` in one string as the one word that emcc takes."""
    return ["-s" + option[3:].strip() if option.startswith("-s ") else option for option in options]

def is_on(value):
    """Whether a setting that is a number or a truth is neither absent nor 0."""
    return value not in (None, "", "0")

def _set(found, key, value):
    """Note `-sKEY=VALUE`."""
    key, value = _ALIASES.get(key, key), value.strip("'\"")
    if key == "DISABLE_EXCEPTION_CATCHING":
        found["EXCEPTIONS"] = "0" if is_on(value) else "js"
    elif key == "EXCEPTION_CATCHING_ALLOWED":
        found["EXCEPTIONS"] = "js"
    elif key == "MIN_WEBGL_VERSION" and value == "2":
        found["MAX_WEBGL_VERSION"] = "2"
    else:
        found[key] = value

def settings(options):
    """Settings by name; of those that contradict each other, the last. What decides nothing is left out.

    Besides emcc's own names there are `OPTIMIZE` (what follows -O), `EXCEPTIONS` (js, wasm, 0), `LTO` (full, thin, 0), `EMBIND`,
    and for sanitizers `ADDRESS`, `LEAK` and `UNDEFINED`.
    """
    found, pending = {}, False
    for word in joined(options):
        if word == "-s":
            pending = True
            continue
        setting = word if pending else word[2:] if word.startswith("-s") else ""
        pending = False
        if setting and setting[0].isupper():
            key, equals, value = setting.partition("=")
            _set(found, key, value if equals else "1")
        elif word in _SETTINGS:
            key, value = _SETTINGS[word]
            found[key] = value
        elif word.startswith("-flto="):
            found["LTO"] = word.partition("=")[2]
        elif word.startswith("-O"):
            found["OPTIMIZE"] = word[2:] or "2"
        elif word.startswith("-fsanitize="):
            for name in word.partition("=")[2].split(","):
                found[name.upper() if name in ("address", "leak") else "UNDEFINED"] = "1"
    return found

def says(found, wanted):
    """Whether settings say all that `wanted` ones say."""
    return all([found.get(key) == value or (value == "1" and is_on(found.get(key))) for key, value in wanted.items()])

def port_options(target):
    """Options of a link for a port in the variant that its name says (`port_settings.py`)."""
    name, _, rest = target.partition(":")
    words = [word.replace("\n", "::") for word in rest.replace("::", "\n").split(":") if word]
    settings = [word for word in words if word[0].isupper()]
    options = ["--use-port=" + ":".join([name] + [word for word in words if word not in settings])]

    # Not what others say (`PTHREADS=1`): it is for the whole program, whose compiles have to know it, too.
    return options + ["-s" + word for word in settings if word.startswith(name.upper() + "_")]
