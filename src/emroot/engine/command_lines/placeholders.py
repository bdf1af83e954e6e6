"""Placeholders in recorded command lines. Imports almost nothing: Bazel's compile actions start with it."""

import os

#: The SDK's root in debug information (`system_libs.py: DETERMINISTIC_PREFIX`), and the corresponding path of
#: a cache inside of the SDK, which is the reference for output bytes.
SDK_PREFIX = '/emsdk/emscripten'
CACHE_PREFIX = f'{SDK_PREFIX}/cache'
SYSROOT_FLAG = '--sysroot={cache}/sysroot'
#: The working directory of compiles: as deep below the SDK's root as embuilder's build directory, so that
#: recorded relative paths and their prefix maps are valid. Nothing is written there.
WORKING_DIRECTORY = ('system', 'lib', 'libc')


def substitute(argv: tuple[str, ...], *, sdk: str, cache: str, source: str, out: str) -> list[str]:
    """The arguments after the compiler, with real paths for `{sdk}`, `{cache}`, `{source}`, `{object}`."""

    def real_path(word: str) -> str:
        return word.replace('{sdk}', sdk).replace('{cache}', cache) if '{' in word else word

    def own_separators(word: str) -> str:  # of this system, as `path_from_root` gives them: debug information has them
        return word.replace('/', os.sep) if word.startswith('-I{sdk}') else word
    words = []
    for word in argv:
        if word != SYSROOT_FLAG:
            words.append(real_path(source) if word == '{source}' else out if word == '{object}' else
                         real_path(own_separators(word)))
        else:  # joined as emcc does, on Windows too: debug information has it
            words.append('--sysroot=' + os.path.join(cache, 'sysroot'))
            words.append(f'-ffile-prefix-map={cache}={CACHE_PREFIX}')
    return words


def embeds_source_path(argv: tuple[str, ...], source: str) -> bool:
    """Whether the object contains an absolute path of its source: bitcode has its unmapped name, and sanitizers' descriptions."""
    return source.startswith('{sdk}') and any(word.startswith(('-flto', '-fsanitize=')) for word in argv)


def find_resource_dir(clang: str, recorded: str) -> str:
    """The directory of clang's own headers next to its real path, if clang calls it `recorded`."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(clang))), 'lib', 'clang', os.path.basename(recorded))


def map_resource_dir(clang: str, recorded: str) -> list[str]:
    """Flags that map clang's own headers, next to its real path, to the directory `recorded`."""
    found = find_resource_dir(clang, recorded)
    return [] if found == recorded else [f'-ffile-prefix-map={found}={recorded}']
