"""What people paste from logs, and what `emroot doctor` makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.synthetic_sdk import paper_listing, synthetic_sdk

from emroot.diagnostics.messages import Fix, explain_message
from emroot.host.checked_json import write_checked_json
from emroot.modes import Mode

LIBRARIES = ('libc', 'libc-mt-debug', 'libstubs', 'libembind', 'crt1')
PORTS = ('zlib', 'libpng', 'libjpeg', 'bzip2', 'giflib', 'freetype', 'icu', 'boost_headers', 'vorbis', 'sqlite3', 'contrib.lua',
         'libmodplug', 'sdl2', 'sdl2_image', 'sdl2_image-png', 'sdl2_mixer', 'sdl3')
FROZEN = 'Exception: FROZEN_CACHE is set, but cache file is missing: "sysroot/lib/{}" (in cache root path "/x")'


class Paper:
    """The catalogue of an SDK on paper."""

    def __init__(self, index: Path) -> None:
        write_checked_json(index, {'system/lib/libc/musl/include/stdio.h': '0', 'system/lib/libcxx/include/iostream': '1'})
        self.sdk = synthetic_sdk(index=index)

    def listing(self, mode: Mode) -> Any:
        return paper_listing(LIBRARIES, ports=PORTS)


@pytest.fixture
def explain(tmp_path: Path) -> Any:
    return lambda text: explain_message(text, Paper(tmp_path / 'index.json'))  # type: ignore[arg-type]


@pytest.mark.parametrize(('message', 'target'), [
    ('ports:INFO: retrieving port: sdl3 from https://github.com/libsdl-org/SDL/archive/release-3.4.2.zip', 'wasm32/sdl3'),
    ('ports:INFO: unpacking port: sdl2\nemcc -m64 -flto=thin a.c', 'wasm64-thinlto/sdl2'),
    ('cache:INFO: generating port: sysroot/lib/wasm32-emscripten/pic/libSDL2.a... (this will be cached', 'wasm32-pic/sdl2'),
    ('cache:INFO: generating system library: /r/cache/sysroot/lib/wasm64-emscripten/lto/libc.a... (this', 'wasm64-lto/libc'),
    ('cache at "/usr/cache" (for "sysroot/lib/wasm32-emscripten/libsqlite3.a") is taking a long', ''),
    ('Accessing the Emscripten cache at "/c" (for "sysroot/lib/wasm32-emscripten/libsqlite3.a") is taking', 'wasm32/sqlite3'),
    ('generating system library: sysroot/lib/wasm32-emscripten/thinlto-pic/libc.a...\ncache:INFO:  - ok',
     'wasm32-thinlto-pic/libc'),
    ('wasm-ld: error: cannot open /c/sysroot/lib/wasm64-emscripten/libstubs.a: No such file or directory',
     'wasm64/libstubs'),
    ("cp: cannot stat '/c/6.0.5/sysroot/lib/wasm32-emscripten/lto/libc.a': No such file or directory", 'wasm32-lto/libc'),
    ('emar: /c/sysroot/lib/wasm64-emscripten/libstubs.a: No such file or directory', 'wasm64/libstubs'),
    ("FileNotFoundError: [Errno 2] No such file or directory: '/a b/sysroot/lib/wasm64-emscripten/libc.a'", 'wasm64/libc'),
    ("main.c:1:10: fatal error: 'zlib.h' file not found", 'wasm32/zlib'),
    ("fatal error: 'png.h' file not found", 'wasm32/libpng'), ("fatal error: 'jpeglib.h' file not found", 'wasm32/libjpeg'),
    ("fatal error: 'SDL2/SDL_image.h' file not found", 'wasm32/sdl2_image'),
    ("fatal error: 'SDL3/SDL.h' file not found", 'wasm32/sdl3'),
    ('fatal error: SDL_mixer.h: No such file or directory', 'wasm32/sdl2_mixer'),
    ("fatal error: 'SDL.h' file not found", 'wasm32/sdl2'),
    ("fatal error: 'unicode/utypes.h' file not found", 'wasm32/icu'),
    ("fatal error: 'ft2build.h' file not found", 'wasm32/freetype'),
    ("fatal error: 'boost/any.hpp' file not found", 'wasm32/boost_headers'),
    ("fatal error: 'lua.hpp' file not found", 'wasm32/contrib.lua'),
    ('wasm-ld: error: unable to find library -lSDL2', 'wasm32/sdl2'),
    ('wasm-ld: error: unable to find library -lSDL2_image\nem++: error: /x/wasm-ld -mwasm64 -o a.wasm', 'wasm64/sdl2_image'),
    ('wasm-ld: error: unable to find library -lpng16', 'wasm32/libpng'),
    ('wasm-ld: error: unable to find library -licu_common', 'wasm32/icu'),
    ('wasm-ld: error: unable to find library -lc-mt-debug\n-L/c/sysroot/lib/wasm64-emscripten/thinlto -lc',
     'wasm64-thinlto/libc-mt-debug'),
    ('error: undefined symbol: SDL_Init (referenced by root reference (e.g. compiled C/C++ code))', 'wasm32/sdl2'),
    ('wasm-ld: error: a.o: undefined symbol: inflateInit2_\nem++ -flto a.o', 'wasm32-lto/zlib'),
    ('emroot: this link needs libraries of mode wasm64-lto that nothing known beforehand tells: libstubs.',
     'wasm64-lto/libstubs'),
])
def test_the_target_of_a_message_is_found(explain: Any, message: str, target: str):
    found: list[Fix] = explain(message)
    assert [r.target for r in found] == ([target] if target else [])
    if target:
        mode, _, name = target.partition('/')
        assert found[0].command == f'emroot build --features {mode.replace("-", ",")} --targets {name}'


@pytest.mark.parametrize(('file', 'command'), [
    ('wasm32-emscripten/libSDL2_image-png-mt.a', 'emroot build --features wasm32 --targets sdl2_image-png-mt'),
    ('wasm32-emscripten/libSDL2_mixer-ogg-mt.a', 'emroot build --for "emcc --use-port=sdl2_mixer:formats=ogg -pthread"'),
    ('wasm64-emscripten/lto/libSDL2_image-jpg-png.a',
     'emroot build --for "emcc -sMEMORY64 -flto --use-port=sdl2_image:formats=jpg,png"'),
    ('wasm32-emscripten/libSDL2_image-png.a', 'emroot build --features wasm32 --targets sdl2_image-png'),
    ('wasm32-emscripten/libSDL2_image-png-wasm-sjlj.a',
     'emroot build --for "emcc --use-port=sdl2_image:formats=png -fwasm-exceptions"'),
    ('wasm32-emscripten/libunknown.a', 'emroot build --for "the link that failed"')])
def test_a_variant_of_a_port_is_built_by_its_name_or_by_a_link(explain: Any, file: str, command: str):
    assert [r.command for r in explain(FROZEN.format(file))] == [command]


@pytest.mark.parametrize(('message', 'target'), [
    ('Package zlib was not found in the pkg-config search path.', 'wasm32/zlib'),
    ("Package 'libpng16', required by 'virtual:world', not found", 'wasm32/libpng'),
    ("configure: error: Package requirements (icu-uc) were not met:\n\nNo package 'icu-uc' found", 'wasm32/icu'),
    ('-- Could NOT find ZLIB (missing: ZLIB_LIBRARY) (found version "1.3.1")', 'wasm32/zlib'),
    ('  Could not find a package configuration file provided by "SDL2_image" with any', 'wasm32/sdl2_image'),
    ('Could not find a package configuration\n  file provided by "Freetype" (requested', 'wasm32/freetype'),
    ('meson.build:3:0: ERROR: Dependency "sdl2" not found, tried pkgconfig and cmake', 'wasm32/sdl2'),
    ('Run-time dependency freetype2 found: NO (tried pkgconfig and cmake)', 'wasm32/freetype'),
])
def test_a_port_that_a_build_system_does_not_find_is_named(explain: Any, message: str, target: str):
    [remedy] = explain(message)
    assert remedy.target == target and 'EM_CACHE' in remedy.note


@pytest.mark.parametrize('message', [
    "main.c:1:10: fatal error: 'mine.h' file not found", "No package 'gtk+-3.0' found",
    'Run-time dependency zlib found: YES 1.3.1', '-- Found ZLIB: /c/libz.a',
    'Could NOT find Doxygen (missing: DOXYGEN_EXECUTABLE)'])
def test_what_neither_the_sdk_nor_a_port_has_is_passed_over(explain: Any, message: str):
    assert explain(message) == []


@pytest.mark.parametrize(('message', 'said'), [
    ('emcc: error: cache directory "/usr/lib/emscripten/cache" is not writable while accessing cache for: sysroot_install.stamp',
     'EM_CACHE'),
    ('emcc: error: unable to create cache directory "/x": parent directory not writable (see https)', 'EM_CACHE'),
    ("PermissionError: [Errno 13] Permission denied: '/usr/lib/emscripten/cache.lock'", 'EM_CACHE'),
    ("OSError: [Errno 30] Read-only file system: '/nix/store/x/cache/symbol_lists.lock'", 'EM_CACHE'),
    ('make: emcc: No such file or directory', 'on PATH'),
    ('sh: 1: em++: not found', 'on PATH'),
    ('emcc: error: config file not found: /x/.emscripten', 'does not exist'),
    ('emroot: warning: an emcc ran without emroot and wrote to the cache of the SDK itself (/sdk/cache: libc.a)', 'pass it on'),
    ('Error: ENOSPC: no space left on device, write', 'full'),
    ('CompileError: WebAssembly.instantiate(): invalid table elements limits flags @+153', 'Node 24'),
    ('This emscripten-generated code requires node v24.0.0 (detected v20.20.2)', 'Node 24'),
    ('CompileError: WebAssembly.Module(): invalid memory limits flags 0x5 (enable with --experimental-wasm-memory64)', 'Node 24'),
    ('shared:INFO: (Emscripten: config changed, clearing cache)', 'another SDK'),
    ("a.c:1:10: fatal error: 'stdio.h' file not found", 'no headers'),
    ("a.cpp:1:10: fatal error: 'iostream' file not found", 'no headers'),
    ('wasm-ld: error: unable to find library -lxml2', 'neither a library of the SDK nor a port'),
    ('wasm-ld: error: a.o: undefined symbol: _embind_register_function', '-lembind'),
    ('wasm-ld: error: a.o: undefined symbol: std::__2::cout', 'em++'),
    ('undefined symbol: __cxa_find_matching_catch_2', '-fexceptions'),
    ('error: undefined symbol: emscripten_fetch (referenced by x)', '-sFETCH'),
    ('wasm-ld: error: /h/sysroot/lib/wasm32-emscripten/libc.a(x.o): undefined symbol: _emscripten_memset_bulkmem',
     'another Emscripten'),
    ("wasm-ld: error: main.cpp.o: wasm32 object file can't be linked in wasm64 mode", 'compile it with -sMEMORY64'),
    ("wasm-ld: error: --shared-memory is disallowed by a.o because it was not compiled with 'atomics'", '-pthread'),
    ('Exception: Attempt to lock the cache but FROZEN_CACHE is set', 'frozen'),
    ('ERROR: No matching toolchains found for types @@bazel_tools//tools/cpp:toolchain_type', 'no C++ toolchain'),
])
def test_what_no_target_mends_is_explained(explain: Any, message: str, said: str):
    [remedy] = explain(message)
    assert remedy.target == '' and said in remedy.note


def test_of_a_whole_log_each_thing_is_said_once(explain: Any):
    log = '\n'.join(2 * ["a.c:1:10: fatal error: 'zlib.h' file not found", 'wasm-ld: error: a.o: undefined symbol: inflate',
                         'wasm-ld: error: a.o: undefined symbol: mine', "b.c:1:10: fatal error: 'mine.h' file not found",
                         'emroot: this link needs libraries of mode wasm32 that nothing known beforehand tells: libstubs, crt1.'])
    assert [r.target for r in explain(log)] == ['wasm32/zlib', 'wasm32/libstubs', 'wasm32/crt1']
