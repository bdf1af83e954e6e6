"""The library or port that provides a missing header, library or symbol. The content of a port is unknown before
it is fetched, so the names by which builds miss it are listed here; a port that the SDK lacks is ignored."""

from __future__ import annotations

import re
from collections.abc import Collection

#: Headers and libraries whose names do not lead to their port.
_NAMED_OTHERWISE = {
    'png': 'libpng', 'jpeglib': 'libjpeg', 'jconfig': 'libjpeg', 'z': 'zlib', 'zconf': 'zlib', 'bzlib': 'bzip2', 'bz2': 'bzip2',
    'gif': 'giflib', 'gif_lib': 'giflib', 'ft2build': 'freetype', 'hb': 'harfbuzz', 'modplug': 'libmodplug', 'unicode': 'icu',
    'boost': 'boost_headers', 'webgpu': 'emdawnwebgpu', 'btbulletdynamicscommon': 'bullet', 'linearmath': 'bullet',
    'lauxlib': 'contrib.lua', 'lualib': 'contrib.lua', 'luaconf': 'contrib.lua', 'vorbisfile': 'vorbis', 'vorbisenc': 'vorbis'}
#: Prefixes of the symbols of ports.
_SYMBOLS = (
    (r'SDLNet_', 'sdl2_net'), (r'SDL_', 'sdl2'), (r'IMG_', 'sdl2_image'), (r'Mix_', 'sdl2_mixer'), (r'TTF_', 'sdl2_ttf'),
    (r'(in|de)flate|(un)?compress2?$|zlibVersion|crc32|adler32|gz(open|read|write|close)', 'zlib'),
    (r'png_', 'libpng'), (r'jpeg_', 'libjpeg'), (r'BZ2_', 'bzip2'), (r'FT_', 'freetype'), (r'hb_', 'harfbuzz'), (r'ogg_', 'ogg'),
    (r'vorbis_|ov_', 'vorbis'), (r'mpg123_', 'mpg123'), (r'ModPlug_', 'libmodplug'), (r'[DE]Gif', 'giflib'),
    (r'sqlite3_', 'sqlite3'), (r'luaL?_', 'contrib.lua'), (r'u(cnv|loc|brk|char)?_\w+_\d+$|icu_\d', 'icu'),
    (r'wgpu[A-Z]', 'emdawnwebgpu'))
#: Prefixes of symbols that depend on options of the link, their library, and the option.
_OPTIONS = (
    (r'_embind_|_emval_|emscripten::internal', 'libembind', '-lembind'), (r'_?emscripten_fetch', 'libfetch', '-sFETCH'),
    (r'alc?[A-Z]', 'libal', '-lopenal'), (r'pthread_|_emscripten_thread|emscripten_\w*thread', 'libc-mt', '-pthread'),
    (r'emscripten_(async_)?wasm_worker|emscripten_\w+_wasm_worker', 'libwasm_workers', '-sWASM_WORKERS'),
    (r'__asan_', 'libasan_rt', '-fsanitize=address'), (r'__ubsan_', 'libubsan_rt', '-fsanitize=undefined'),
    (r'__lsan_', 'liblsan_rt', '-fsanitize=leak'), (r'_?wasmfs_', 'libwasmfs', '-sWASMFS'),
    (r'glfw', '', '-sUSE_GLFW=3'), (r'(emscripten_)?gl[A-Z]', 'libGL', '-lGL'), (r'egl[A-Z]', '', '-lEGL'),
    (r'__cxa_find_matching_catch|__resumeException|llvm_eh_typeid_for', 'libc++abi', '-fexceptions'),
    (r'_Unwind_|__wasm_lpad_context|__cpp_exception', 'libunwind', '-fwasm-exceptions'),
    (r'(save|test)Setjmp|__wasm_(set|long)jmp|emscripten_longjmp|__c_longjmp', 'libcompiler_rt',
     'the -sSUPPORT_LONGJMP (emscripten, wasm) that it is compiled with'),
    (r'std::|operator (new|delete)|_?_Z(N?St|nw[mj]|na[mj]|dlP|daP)|__cxa_|__gxx_|(vtable|typeinfo|VTT) for (std::|__cxxabi)',
     'libc++', 'em++, or -lc++ -lc++abi'))


def port_of_header(header: str, ports: Collection[str]) -> str | None:
    """The port that installs a header: `zlib.h`, `SDL2/SDL_image.h`, `unicode/utypes.h`."""
    directory, _, file = header.replace('\\', '/').rpartition('/')
    stem = file.split('.')[0]
    if sdl := _sdl(directory.split('/')[0], stem, ports):
        return sdl
    return next((port for name in (directory.split('/')[0], stem) if name and (port := _port(name, ports))), None)


def port_of_library(name: str, ports: Collection[str]) -> str | None:
    """The port with this library: `SDL2_image`, `png16`, `z`, `icu_common` (after -l, without variant)."""
    return _port(name, ports) or _port(name.rstrip('0123456789.-'), ports) or max(
        (port for port in ports if re.match(rf'{re.escape(port)}(_|main)', name.lower())), key=len, default=None)


def port_of_symbol(symbol: str, ports: Collection[str]) -> str | None:
    """The port that defines a symbol."""
    return next((port for pattern, port in _SYMBOLS if port in ports and re.match(pattern, symbol)), None)


def option_for_symbol(symbol: str) -> tuple[str, str] | None:
    """The library that defines a symbol, and the option that links it (`-lembind`)."""
    return next(((library, option) for pattern, library, option in _OPTIONS if re.match(pattern, symbol)), None)


def _sdl(directory: str, stem: str, ports: Collection[str]) -> str | None:
    match = re.fullmatch(r'SDL(\d?)(?:_(image|mixer|net|ttf|gfx))?(_?\w*)', stem)
    version = re.fullmatch(r'SDL(\d)(_\w+)?', directory)
    if not match or (directory and not version):
        return None
    base = f'sdl{version[1] if version else match[1] or 2}'
    extra = f'{base}_{match[2]}'
    return extra if match[2] and extra in ports else base if base in ports else None


def _port(name: str, ports: Collection[str]) -> str | None:
    plain = name.lower()
    names = (_NAMED_OTHERWISE.get(plain, ''), plain, f'lib{plain}', f'contrib.{plain}')
    return next((port for port in names if port in ports), None)
