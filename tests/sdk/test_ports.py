"""Ports that links ask for: from real sources, below `emroot run`, for CMake, and used with a frozen cache.

Libraries and programs are wasm64 with ThinLTO, as in the how-to pages, so that what links need is built once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.downloads.sources import SourceUnavailable, copy_source
from support.fake_port import pretend_zlib
from support.freestanding import STACK, TEMPRET
from support.own_ports import plain_port
from support.running import Emroot, cannot_run, plain_environment

from emroot.sdk import Sdk

LINK = '-O1 -sMEMORY64 -flto=thin -sDEFAULT_TO_CXX=0'
MODE = 'wasm64-thinlto'
LIBRARIES = 'sysroot/lib/wasm64-emscripten/thinlto'


def _source(package: str, to: Path) -> Path:
    try:
        return copy_source(package, to)
    except SourceUnavailable as error:
        cannot_run(str(error))
        raise


def _compile_link_run(sdk: Sdk, cache: Path, directory: Path, program: str, flags: str) -> str:
    """What a program says that was compiled with the port's headers, and linked, in a frozen cache."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / 'main.c').write_text(program)
    env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
    emcc = [*sdk.python, '-B', str(sdk.root / 'emcc.py'), *LINK.split(), *flags.split()]
    for command in ([*emcc, '-c', 'main.c', '-o', 'main.o'], [*emcc, 'main.o', '-o', 'main.js']):
        done = subprocess.run(command, env=env, cwd=directory, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return subprocess.run([*sdk.node, 'main.js'], cwd=directory, capture_output=True, text=True, check=True).stdout


BZIP2 = '''#include <bzlib.h>
#include <stdio.h>
int main(void) {
  char packed[300], text[100] = "";
  unsigned size = sizeof packed, length = sizeof text;
  if (BZ2_bzBuffToBuffCompress(packed, &size, "squeezed", 9, 1, 0, 0)) return 1;
  if (BZ2_bzBuffToBuffDecompress(text, &length, packed, size, 0, 0)) return 2;
  return printf("%s with %s\\n", text, BZ2_bzlibVersion()) < 0;
}
'''


@pytest.mark.slow
def test_a_port_from_emccs_own_variable_works_frozen_and_is_built_once(shared: Emroot, sdk: Sdk, tmp_path: Path):
    if sdk.node_version < (24,):
        cannot_run(f'wasm64 programs need Node 24, the SDK has {sdk.node_version}')
    variable = {'EMCC_LOCAL_PORTS': f'bzip2={_source("bzip2", tmp_path / "bzip2")}'}
    for number in (1, 2):
        cache = tmp_path / f'cache {number}'
        built = shared('build', '--json', '--for', f'emcc {LINK} -sUSE_BZIP2', '--cache', cache, '-j2', env=variable)
        assert built.code == 0, built.err
        if number == 2:
            assert built.json['modes'][MODE]['built'] == []
            assert 'bzip2' in built.json['modes'][MODE]['reused']
            assert built.json['objects']['compiled'] == 0
        said = _compile_link_run(sdk, cache, tmp_path / f'program {number}', BZIP2, '-sUSE_BZIP2')
        assert said == 'squeezed with 1.0.8, 13-Jul-2019\n'


@pytest.mark.slow
def test_below_run_a_link_gets_the_port_that_it_names_and_what_that_needs(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """Every way of asking, in a mode that only the link itself names; nothing is selected beforehand."""
    port, mirror = plain_port(tmp_path, deps=('zlib',))
    pretend_zlib(mirror / 'zlib')
    (tmp_path / 'main.c').write_text(f'{STACK}#include <own.h>\n#include <zlib.h>\n'
                                     'const char *answer(void) { return own() + zutil_of_this_zlib; }\n')
    (tmp_path / 'main.c').write_text((tmp_path / 'main.c').read_text() + TEMPRET)
    link = [*sdk.python, '-B', sdk.root / 'emcc.py', f'--use-port={port}', tmp_path / 'main.c', '-nostdlib', '--no-entry',
            '-sEXPORTED_FUNCTIONS=_answer', '-o', tmp_path / 'main.js']
    for flags in ([], ['-sMEMORY64']):
        ran = seen('run', '--ports-from', mirror, '--cache', tmp_path / 'cache', '--', *link, *flags)
        assert ran.code == 0, ran.err
        assert 'retrieving port' not in ran.err
    libraries = tmp_path / 'cache' / 'sysroot' / 'lib'
    for arch in ('wasm32', 'wasm64'):
        assert {'libown.a', 'libz.a'} <= {p.name for p in (libraries / f'{arch}-emscripten').iterdir()}


@pytest.mark.parametrize('targets', ['libpng,zlib', pytest.param('zlib,libpng', marks=pytest.mark.slow)])
def test_what_ports_depend_on_is_built_once(targets: str, seen: Emroot, tmp_path: Path):
    """At the same time, too: what one needs is the other's target. Whichever comes first, both count as built, and are shared."""
    sources = tmp_path / 'sources'
    pretend_zlib(sources / 'zlib')
    (tmp_path / 'remote').mkdir()
    (sources / 'libpng').mkdir()
    (sources / 'libpng' / 'png.c').write_text('#include <zlib.h>\nint png(void) { return 42; }\n')
    (sources / 'libpng' / 'png.h').write_text('int png(void);\n')
    command = ['-v', 'build', '-j2', '--features', 'wasm64', '--targets', targets, '--ports-from', sources]
    built = seen(*command, '--cache', tmp_path / 'cache', '--remote', f'rw+{tmp_path / "remote"}')
    assert built.code == 0, built.err
    assert '2 built, 0 reused' in built.out + built.err
    other = replace(seen, home=tmp_path / 'other home')
    elsewhere = other(*command, '--cache', tmp_path / 'other cache', '--remote', tmp_path / 'remote')
    assert '0 built, 2 reused' in elsewhere.out + elsewhere.err
    for library in ('libz.a', 'libpng.a'):
        assert (built.out + built.err).count(f'/{library}... (this will be cached') == 1, library
        assert (tmp_path / 'cache/sysroot/lib/wasm64-emscripten' / library).is_file()


@pytest.mark.slow
def test_a_port_finds_the_traces_of_another_in_a_frozen_cache(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """As 3.1.69's `sdl2_image` does, which asserts that there is a directory in which SDL2 was built."""
    if 'ports-builds' not in (sdk.root / 'tools/ports/__init__.py').read_text():
        pytest.skip(f'ports of {sdk.version} look for no traces')
    port, mirror = plain_port(tmp_path, deps=('zlib',))
    pretend_zlib(mirror / 'zlib')
    port.write_text(port.read_text().replace("  ports.fetch_project(", "  assert os.path.exists(os.path.join("
                                             "ports.get_build_dir(), 'zlib')), 'zlib comes first'\n  ports.fetch_project("))
    cache = tmp_path / 'cache'
    built = seen('build', '--targets', f'{port},libnoexit', '--ports-from', mirror, '--cache', cache)
    assert built.code == 0, built.err
    (tmp_path / 'main.c').write_text(f'{STACK}{TEMPRET}#include <own.h>\nconst char *answer(void) {{ return own(); }}\n')
    env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
    link = [*sdk.python, '-B', str(sdk.root / 'emcc.py'), f'--use-port={port}', 'main.c', '-nostdlib', '--no-entry',
            '-sEXPORTED_FUNCTIONS=_answer', '-o', 'main.js']
    done = subprocess.run(link, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_cmake_is_told_where_ports_of_the_mode_selected_lie(seen: Emroot, tmp_path: Path):
    """It does not search the directories of LTO and PIC; that of the architecture it knows."""
    pretend_zlib(tmp_path / 'sources' / 'zlib')
    selection = ['--targets', 'zlib', '--ports-from', tmp_path / 'sources', '--cache', tmp_path / 'cache']
    ran = seen('env', '--json', '--features', 'wasm32,thinlto', *selection, env={'CMAKE_LIBRARY_PATH': '/mine'})
    assert ran.code == 0, ran.err
    searched, mine = ran.json['CMAKE_LIBRARY_PATH'].split(os.pathsep)
    assert (Path(searched) / 'libz.a').is_file() and mine == '/mine'
    said = seen('run', '--features', 'wasm32,thinlto', *selection, '--', sys.executable, '-c',
                'import os; print(os.environ["CMAKE_LIBRARY_PATH"])')
    assert said.out.strip() == searched
    assert 'CMAKE_LIBRARY_PATH' not in seen('env', '--json', *selection).json


@pytest.mark.slow
def test_flags_from_emcc_cflags_decide_the_mode_of_ports_too(seen: Emroot, sdk: Sdk, tmp_path: Path):
    port, mirror = plain_port(tmp_path)
    (tmp_path / 'main.c').write_text(STACK + '#include <own.h>\nconst char *answer(void) { return own(); }\n')
    link = [*sdk.python, '-B', sdk.root / 'emcc.py', f'--use-port={port}', tmp_path / 'main.c', '-nostdlib', '--no-entry',
            '-sEXPORTED_FUNCTIONS=_answer', '-o', tmp_path / 'main.js']
    ran = seen('run', '--ports-from', mirror, '--cache', tmp_path / 'cache', '--', *link, env={'EMCC_CFLAGS': '-sMEMORY64'})
    assert ran.code == 0, ran.err
    assert (tmp_path / 'cache' / 'sysroot' / 'lib' / 'wasm64-emscripten' / 'libown.a').is_file()
