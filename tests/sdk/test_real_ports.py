"""Ports of the SDK from real sources, in four modes: built below `emroot run`, linked, and run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.downloads.sources import SourceUnavailable
from support.port_sources import as_they_are, boost_headers, bullet, find_sources, with_empty, without
from support.running import Emroot, cannot_run

from emroot.sdk import Sdk

#: The flags of each mode.
MODES = {'wasm32': [], 'wasm64': ['-m64'], 'wasm32-lto': ['-flto'], 'wasm32-pic': ['-sMAIN_MODULE=2']}
#: The packages that have each port's sources (`find_sources`; with a version, if newer ones have other files), a header, and
#: an expression that is true. No package has sources of cocos2d and regal (Emscripten's own forks), nor of contrib.glfw3 and
#: emdawnwebgpu (made for Emscripten). The port of mpg123 brings the header of 1.26.2, with which 1.31 and later do not compile,
#: and -ffast-math, which makes the infinities of 1.26.4 an error.
PORTS = {
    'zlib': (('zlib',), '<zlib.h>', 'zlibVersion()[0] == ZLIB_VERSION[0]'),
    'bzip2': (('bzip2',), '<bzlib.h>', 'BZ2_bzlibVersion()[0] == \'1\''),
    'libpng': (('libpng1.6',), '<png.h>', 'png_access_version_number() == PNG_LIBPNG_VER'),
    'libjpeg': (('libjpeg9', 'libjpeg'), '<stdio.h>\n#include <jpeglib.h>', 'jpeg_quality_scaling(50) == 100'),
    'ogg': (('libogg',), '<ogg/ogg.h>', 'ogg_page_version(&(ogg_page){(unsigned char *)"OggS", 4, 0, 0}) == 0'),
    'vorbis': (('libvorbis',), '<vorbis/codec.h>', 'vorbis_version_string() != 0'),
    'giflib': (('giflib',), '<gif_lib.h>', 'GifErrorString(D_GIF_ERR_OPEN_FAILED) != 0'),
    'libmodplug': (('libmodplug',), '<libmodplug/modplug.h>', 'ModPlug_Load("", 0) == 0'),
    'freetype': (('freetype',), '<ft2build.h>\n#include FT_FREETYPE_H', 'FT_Init_FreeType(&(FT_Library){0}) == 0'),
    'sdl2': (('libsdl2',), '<SDL2/SDL_version.h>\n#include <SDL2/SDL_cpuinfo.h>', 'SDL_GetCPUCacheLineSize() >= 0'),
    'sdl2_gfx': (('libsdl2-gfx',), '<SDL2/SDL2_gfxPrimitives.h>', 'pixelColor(0, 0, 0, 0) != 1'),
    'sdl2_image:formats=png': (('libsdl2-image 2.6.3',), '<SDL2/SDL_image.h>', 'IMG_Init(IMG_INIT_PNG) == IMG_INIT_PNG'),
    'sdl2_mixer:formats=ogg': (('libsdl2-mixer',), '<SDL2/SDL_mixer.h>', 'Mix_Init(MIX_INIT_OGG) == MIX_INIT_OGG'),
    'sdl3': (('libsdl3',), '<SDL3/SDL.h>', 'SDL_GetCPUCacheLineSize() >= 0'),
    'sdl2_net': (('libsdl2-net',), '<SDL2/SDL_net.h>\nIPaddress address;',
                 'SDLNet_Init() == 0 && SDLNet_ResolveHost(&address, "127.0.0.1", 80) == 0'),
    'sdl2_ttf': (('libsdl2-ttf',), '<SDL2/SDL_ttf.h>\nint major, minor, patch;',
                 'TTF_Init() == 0 && (TTF_GetHarfBuzzVersion(&major, &minor, &patch), major == 3)'),
    'harfbuzz': (('pypi uharfbuzz 0.20.0 harfbuzz',), '<hb.h>',
                 'hb_script_get_horizontal_direction(hb_script_from_string("Arab", 4)) == HB_DIRECTION_RTL'),
    'sqlite3': (('npm better-sqlite3 7.6.0 deps/sqlite3',), '<sqlite3.h>\nsqlite3 *db;',
                'sqlite3_open(":memory:", &db) == 0 && sqlite3_exec(db, "CREATE VIRTUAL TABLE t USING fts5(a)", 0, 0, 0) == 0'),
    'bullet': (('bullet',), '<btBulletDynamicsCommon.h>\nbtVector3 inertia;',
               '(btBoxShape(btVector3(1, 2, 3)).calculateLocalInertia(12, inertia), btFabs(inertia.x() - 52) < 0.01f)'),
    'boost_headers': (('boost1.83',), '<boost/multiprecision/cpp_int.hpp>',
                      'boost::multiprecision::cpp_int("36893488147419103232") >> 64 == 2'),
    'icu': (('icu 72.1',), '<unicode/unorm2.h>\nUErrorCode code;',
            'unorm2_composePair(unorm2_getNFCInstance(&code), \'e\', 0x301) == 0xe9'),
    'contrib.lua': (('lua5.5', 'lua5.4'), '<lua.h>\n#include <lauxlib.h>', 'luaL_newstate() != 0'),
}
#: What their own files say that they need.
NEEDS = {'libpng': ('zlib',), 'vorbis': ('ogg',), 'freetype': ('zlib',), 'harfbuzz': ('freetype',), 'sdl2_gfx': ('sdl2',),
         'sdl2_image:formats=png': ('sdl2', 'libpng'), 'sdl2_mixer:formats=ogg': ('sdl2', 'vorbis'), 'sdl2_net': ('sdl2',),
         'sdl2_ttf': ('sdl2', 'harfbuzz')}
#: Those whose sources have another form in the package: IMG_ImageIO.m has nothing in it but for Apple's systems, and chat.c is an
#: example of newer releases.
SHAPES = {'sdl2_image:formats=png': with_empty('IMG_ImageIO.m'), 'sdl2_net': without('chat.c'), 'bullet': bullet,
          'boost_headers': boost_headers}
#: Those with C++, which LTO does not link without exceptions where LLVM is older than Emscripten expects.
CPLUSPLUS = ('libmodplug', 'harfbuzz', 'sdl2_ttf', 'bullet', 'boost_headers', 'icu')


def _sources(port: str, directory: Path) -> None:
    """Links to a port's sources and to those of the ports that it needs."""
    directory.mkdir(exist_ok=True)
    try:
        SHAPES.get(port, as_they_are)(find_sources(PORTS[port][0]), directory / port.partition(':')[0])
    except SourceUnavailable as error:
        cannot_run(f'no sources of {port}: {error}')
    for needed in NEEDS.get(port, ()):
        _sources(needed, directory)


@pytest.mark.slow
@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('port', PORTS)
def test_a_port_is_built_linked_and_run(port: str, mode: str, shared: Emroot, sdk: Sdk, tmp_path: Path):
    if sdk.version.startswith('3.'):
        pytest.skip('the ports of this Emscripten list the files of older releases than Debian has')
    _, header, expression = PORTS[port]
    _sources(port, tmp_path / 'sources')
    name, language = ('main.cpp', '-fexceptions') if port in CPLUSPLUS else ('main.c', '-sDEFAULT_TO_CXX=0')
    (tmp_path / name).write_text(f'#include {header}\nint main(void) {{ return {expression} ? 0 : 1; }}\n')
    link = [*sdk.python, '-E', '-B', sdk.root / 'emcc.py', '-O1', f'--use-port={port}', language, *MODES[mode], name, '-o',
            'main.js']
    ran = shared('run', '--ports-from', tmp_path / 'sources', '--cache', tmp_path / 'cache', '--', *link, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert 'retrieving port' not in ran.err
    if mode != 'wasm64' or sdk.node_version >= (24,):
        subprocess.run([*sdk.node, 'main.js'], cwd=tmp_path, check=True)
