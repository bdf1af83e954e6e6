"""Where the sources of ports come from, what of them is part of a port, and what is said where they cannot be had."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from support.fake_port import pretend_zlib
from support.own_ports import NOWHERE, plain_port
from support.running import Emroot
from support.snapshots import extract

from emroot.sdk import Sdk


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
    assert any(line.startswith('emcc: error: the sources of port own: <urlopen error') for line in ran.err.splitlines())


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


@pytest.mark.parametrize('joined', [pytest.param("ports.get_dir('own')", marks=pytest.mark.slow),
                                    "os.path.join(ports.get_dir(), 'own', 'own-1.0')"])
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
