"""Ports, with their sources from directories, mirrors and files of one's own, and used with a frozen cache.

Libraries and programs are wasm64 with ThinLTO, as in the how-to pages, so that what links need is built once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from support.downloads.sources import SourceUnavailable, copy_source
from support.fake_port import pretend_zlib
from support.freestanding import STACK, TEMPRET
from support.own_ports import NOWHERE, plain_port
from support.running import Emroot, cannot_run, plain_environment
from support.snapshots import extract

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


def test_a_port_from_an_archive_in_a_mirror_is_checked_and_built(seen: Emroot, sdk: Sdk, tmp_path: Path):
    port, mirror = plain_port(tmp_path)
    for number, features in ((1, 'wasm64'), (2, 'wasm64'), (3, 'wasm32')):
        built = seen('build', '--json', '--features', features, '--targets', port, '--ports-from', mirror, '--cache',
                     tmp_path / f'cache{number % 2}')
        assert built.code == 0, built.err
        state = 'reused' if number == 2 else 'built'  # from another cache directory; another mode is another archive
        assert built.json['modes'][features][state] == [str(port)]
    library = tmp_path / 'cache1' / 'sysroot' / 'lib'
    assert (library / 'wasm64-emscripten' / 'libown.a').is_file() and (library / 'wasm32-emscripten' / 'libown.a').is_file()
    assert (tmp_path / 'cache1' / 'sysroot' / 'include' / 'own.h').is_file()
    assert (tmp_path / 'cache1' / 'ports' / 'own' / '.emscripten_url').is_file()


def test_an_archive_with_another_sha512_is_refused(seen: Emroot, tmp_path: Path):
    port, mirror = plain_port(tmp_path, sha512='0' * 128)
    ran = seen('build', '--targets', port, '--ports-from', mirror, '--cache', tmp_path / 'cache')
    assert ran.code == 5
    actual = hashlib.sha512((mirror / 'own-1.0.tar.gz').read_bytes()).hexdigest()
    assert f'Unexpected hash: {actual}' in ran.err
    assert not list((tmp_path / 'cache').rglob('libown.a'))


def test_a_port_whose_source_cannot_be_had_names_what_was_tried(seen: Emroot, sdk: Sdk, tmp_path: Path):
    port, mirror = plain_port(tmp_path)
    (mirror / 'own-1.0.tar.gz').unlink()
    ran = seen('build', '--json', '--targets', f'{port},libnoexit', '--ports-from', mirror, '--cache', tmp_path / 'cache')
    assert ran.code == 5
    assert str(mirror / 'own-1.0.tar.gz') in ran.err and f'{NOWHERE}/own-1.0.tar.gz' in ran.err
    assert '--ports-from' in ran.err and 'EMCC_LOCAL_PORTS=own=DIRECTORY' in ran.err
    assert 'log: ' in ran.err
    assert ran.json['modes']['wasm32']['built'] == ['libnoexit']  # the others are built and kept
    assert [failed['target'] for failed in ran.json['modes']['wasm32']['failed']] == [str(port)]
    (tmp_path / 'main.c').write_text('#include <own.h>\n')
    emcc = [*sdk.python, '-B', sdk.root / 'emcc.py', f'--use-port={port}', '-c', tmp_path / 'main.c', '-o', tmp_path / 'main.o']
    ran = seen('run', '--ports-from', mirror, '--cache', tmp_path / 'cache', '--', *emcc)
    assert ran.code == 1 and '--ports-from' in ran.err
    assert 'emcc: error: the sources of port own: <urlopen error' in ran.err.splitlines()[-1]


def test_an_archive_of_which_a_port_says_no_digest_is_part_of_it(seen: Emroot, tmp_path: Path):
    libraries = []
    for text in ('one', 'another'):
        port, mirror = plain_port(tmp_path / text, text=text)
        (tmp_path / 'own.py').write_text(re.sub(r'sha512hash=.*\)', 'None)', port.read_text()))
        shutil.copytree(mirror, tmp_path / 'mirror', dirs_exist_ok=True)
        ran = seen('build', '--targets', tmp_path / 'own.py', '--ports-from', tmp_path / 'mirror', '--cache', tmp_path / 'cache')
        assert ran.code == 0, ran.err
        libraries.append((tmp_path / 'cache/sysroot/lib/wasm32-emscripten/libown.a').read_bytes())
    assert b'another says so' in libraries[1] and b'another' not in libraries[0]


@pytest.mark.parametrize('joined', ["ports.get_dir('own')", "os.path.join(ports.get_dir(), 'own', 'own-1.0')"])
def test_sources_in_a_directory_are_where_a_port_looks(seen: Emroot, sdk: Sdk, tmp_path: Path, joined: str):
    port, mirror = plain_port(tmp_path)
    port.write_text(port.read_text().replace("ports.get_dir('own', 'own-1.0')", joined))
    with tarfile.open(mirror / 'own-1.0.tar.gz') as tar:
        extract(tar, tmp_path)
    (tmp_path / 'own-1.0').rename(mirror / 'own')
    (mirror / 'own' / 'gone').symlink_to('nowhere')
    ran = seen('build', '--targets', port, '--ports-from', mirror, '--cache', tmp_path / 'cache')
    assert ran.code == 0, ran.err
    assert (tmp_path / 'cache/sysroot/lib/wasm32-emscripten/libown.a').is_file()
    (mirror / 'own' / 'own.c').write_text('no C\n')  # an emcc that finds the library asks again
    emcc = [*sdk.python, '-B', sdk.root / 'emcc.py', f'--use-port={port}', '-E', mirror / 'own/own.h', '-o', tmp_path / 'own.i']
    ran = seen('run', '--ports-from', mirror, '--cache', tmp_path / 'cache', '--', *emcc)
    assert ran.code == 1
    assert f'hint: the sources of own are those in {mirror / "own"}' in ran.err


@pytest.mark.slow
def test_a_directory_that_changes_is_built_again(seen: Emroot, tmp_path: Path):
    source = pretend_zlib(tmp_path / 'sources' / 'zlib')

    def build() -> str:
        ran = seen('build', '--json', '--targets', 'zlib', '--ports-from', source.parent, '--cache', tmp_path / 'cache')
        assert ran.code == 0, ran.err
        return next(state for state in ('built', 'reused') if ran.json['modes']['wasm32'][state])
    assert [build(), build()] == ['built', 'reused']
    (source / 'zutil.c').write_text('int changed;\n')
    assert build() == 'built'
    assert b'changed' in (tmp_path / 'cache' / 'sysroot' / 'lib' / 'wasm32-emscripten' / 'libz.a').read_bytes()
    (source / 'zutil.c').write_text('int zutil_of_this_zlib;\n')
    assert build() == 'reused'


NEAR = '''
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import near_flags
URL = DESCRIPTION = LICENSE = 'of our own'


def get(ports, settings, shared):
  def create(final):
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'src')
    ports.install_headers(source)
    ports.build_port(source, final, 'near', flags=near_flags.FLAGS)
  return [shared.cache.get_lib('libnear.a', create, what='port')]


def clear(ports, settings, shared):
  shared.cache.erase_lib('libnear.a')
'''


@pytest.mark.slow
def test_what_a_ports_own_file_imports_and_compiles_is_part_of_it(seen: Emroot, sdk: Sdk, tmp_path: Path):
    source = tmp_path / 'port' / 'src'
    source.mkdir(parents=True)
    port, text, flags = tmp_path / 'port' / 'near.py', source / 'inner.inc', tmp_path / 'port' / 'near_flags.py'
    port.write_text(NEAR)
    flags.write_text('FLAGS = []\n')
    text.write_text('"first"\n')
    (source / 'near.h').write_text('const char *near(void);\n')
    (source / 'near.c').write_text('#ifndef TEXT\n#define TEXT\n#endif\nconst char *near(void) {\n'
                                   'return TEXT\n#include "inner.inc"\n;}\n')
    cache = tmp_path / 'cache'

    def build() -> tuple[str, bytes]:
        ran = seen('build', '--json', '--targets', port, '--cache', cache)
        assert ran.code == 0, ran.err
        state = next(state for state in ('built', 'reused') if ran.json['modes']['wasm32'][state])
        return state, (cache / 'sysroot/lib/wasm32-emscripten/libnear.a').read_bytes()
    assert [build()[0], build()[0]] == ['built', 'reused']
    text.write_text('"second"\n')
    state, library = build()
    assert state == 'built' and b'second' in library
    flags.write_text('FLAGS = [\'-DTEXT="third"\']\n')
    state, library = build()
    assert state == 'built' and b'thirdsecond' in library
    text.write_text('"fourth"\n')
    (tmp_path / 'main.c').write_text('#include <near.h>\n')
    ran = seen('run', '--cache', cache, '--', *sdk.python, '-B', sdk.root / 'emcc.py', f'--use-port={port}',
               '-c', tmp_path / 'main.c', '-o', tmp_path / 'main.o')
    assert ran.code == 0, ran.err
    state, library = build()
    assert state == 'reused' and b'thirdfourth' in library
    text.write_text('no C\n')
    assert seen('build', '--targets', port, '--cache', cache).code == 5


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
