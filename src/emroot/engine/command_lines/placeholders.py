"""How a recorded command line is spelled at a location. Imports next to nothing: actions that compile one file start with it."""

import os

#: What emcc calls the SDK's root in debug information (`system_libs.py: DETERMINISTIC_PREFIX`), and where a cache inside the
#: SDK, which is the reference for bytes, appears there.
SDK_PREFIX = '/emsdk/emscripten'
CACHE_PREFIX = f'{SDK_PREFIX}/cache'
SYSROOT_FLAG = '--sysroot={cache}/sysroot'
#: The directory to compile in: as far below the SDK's root as embuilder's build directory, so that recorded relative paths and
#: the prefix maps made of them hold. Nothing is written there.
WORKING_DIRECTORY = ('system', 'lib', 'libc')


def substitute(argv: tuple[str, ...], *, sdk: str, cache: str, source: str, out: str) -> list[str]:
    """The arguments that follow the compiler's name, with real paths for `{sdk}`, `{cache}`, `{source}` and `{object}`."""

    def real_path(word: str) -> str:
        return word.replace('{sdk}', sdk).replace('{cache}', cache) if '{' in word else word
    words = []
    for word in argv:
        words.append(real_path(source) if word == '{source}' else out if word == '{object}' else real_path(word))
        if word == SYSROOT_FLAG:
            words.append(f'-ffile-prefix-map={cache}={CACHE_PREFIX}')
    return words


def has_source(argv: tuple[str, ...]) -> bool:
    """Whether a compile's object names its source as it was given, and no flag maps that: bitcode does, and what sanitizers say
    of global variables."""
    return any(word.startswith(('-flto', '-fsanitize=')) for word in argv)


def embeds_path(argv: tuple[str, ...], source: str) -> bool:
    """Whether a compile's object keeps an absolute path of its source."""
    return source.startswith('{sdk}') and has_source(argv)


def find_resource_dir(clang: str, recorded: str) -> str:
    """The directory of clang's own headers, which it looks for beside its real path, if their directory is called `said`."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(clang))), 'lib', 'clang', os.path.basename(recorded))


def map_resource_dir(clang: str, recorded: str) -> list[str]:
    """Flags that make clang's own headers, which it looks for beside its real path, appear to lie in the directory `said`."""
    found = find_resource_dir(clang, recorded)
    return [] if found == recorded else [f'-ffile-prefix-map={found}={recorded}']
