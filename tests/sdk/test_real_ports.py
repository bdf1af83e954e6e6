"""Ports of the SDK from real sources, in four modes: built below `emroot run`, linked, and run."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest
from support.downloads.sources import SourceUnavailable, get_source
from support.running import Emroot, cannot_run

from emroot.sdk import Sdk

#: The flags of each mode.
MODES = {'wasm32': [], 'wasm64': ['-m64'], 'wasm32-lto': ['-flto'], 'wasm32-pic': ['-sMAIN_MODULE=2']}
#: Debian's source package of each port, what it is called there in turn (and its version, if newer ones have other files), a
#: header, and an expression that is true.
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
    'contrib.lua': (('lua5.5', 'lua5.4'), '<lua.h>\n#include <lauxlib.h>', 'luaL_newstate() != 0'),
}
#: What their own files say that they need, and what those do.
NEEDS = {'libpng': ('zlib',), 'vorbis': ('ogg',), 'freetype': ('zlib', 'libpng'), 'sdl2_gfx': ('sdl2',),
         'sdl2_image:formats=png': ('sdl2', 'libpng', 'zlib'), 'sdl2_mixer:formats=ogg': ('sdl2', 'vorbis', 'ogg')}
#: A file that Debian leaves out, and that has nothing in it but for Apple's systems.
LEFT_OUT = {'sdl2_image:formats=png': 'IMG_ImageIO.m'}
#: Those with C++, which LTO does not link without exceptions where LLVM is older than Emscripten expects.
CPLUSPLUS = ('libmodplug',)


def _sources(port: str, directory: Path) -> None:
    """Links to a port's sources and to those of the ports that it needs."""
    directory.mkdir()
    for name in (port, *NEEDS.get(port, ())):
        for package in PORTS[name][0]:
            with contextlib.suppress(SourceUnavailable):
                _link(get_source(*package.split()), directory / name.partition(':')[0], LEFT_OUT.get(name, ''))
                break
        else:
            cannot_run(f'no sources of {name}')


def _link(sources: Path, link: Path, left_out: str) -> None:
    if not left_out:
        link.symlink_to(sources)
        return
    link.mkdir()
    for path in sources.iterdir():
        (link / path.name).symlink_to(path)
    (link / left_out).touch()


@pytest.mark.slow
@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('port', PORTS)
def test_a_port_is_built_linked_and_run(port: str, mode: str, shared: Emroot, sdk: Sdk, tmp_path: Path):
    if sdk.version.startswith('3.'):
        pytest.skip('the ports of this Emscripten list the files of older releases than Debian has')
    _, header, expression = PORTS[port]
    _sources(port, tmp_path / 'sources')
    (tmp_path / 'main.c').write_text(f'#include {header}\nint main(void) {{ return {expression} ? 0 : 1; }}\n')
    language = ['-fexceptions'] if port in CPLUSPLUS else ['-sDEFAULT_TO_CXX=0']
    link = [*sdk.python, '-E', '-B', sdk.root / 'emcc.py', '-O1', f'--use-port={port}', *language, *MODES[mode], 'main.c', '-o',
            'main.js']
    ran = shared('run', '--ports-from', tmp_path / 'sources', '--cache', tmp_path / 'cache', '--', *link, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert 'retrieving port' not in ran.err
    if mode != 'wasm64' or sdk.node_version >= (24,):
        subprocess.run([*sdk.node, 'main.js'], cwd=tmp_path, check=True)
