"""What one machine built is what others link with: as an archive, and from a remote."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from support.places import copy_sdk
from support.remotes import remote_cache
from support.running import Emroot, plain_environment
from support.trees import archives, counts

from emroot.sdk import Sdk

LINK = 'emcc -O1 -sDEFAULT_TO_CXX=0'
PROGRAM = '#include <stdio.h>\nint main(void) { return puts("linked elsewhere") < 0; }\n'


def test_an_exported_archive_is_all_that_a_frozen_link_needs(shared: Emroot, sdk: Sdk, tmp_path: Path):
    ran = shared('export', '--for', LINK, '-o', tmp_path / 'libs.tar.gz', '--cache', tmp_path / 'cache', '--json')
    assert ran.code == 0, ran.err
    with tarfile.open(tmp_path / 'libs.tar.gz') as tar:
        tar.extractall(tmp_path / 'unpacked', filter='data')
    (tmp_path / 'main.c').write_text(PROGRAM)
    env = plain_environment({'EM_CACHE': str(tmp_path / 'unpacked'), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
    _, *flags = LINK.split()
    emcc = [*sdk.python, '-B', str(sdk.root / 'emcc.py')]
    subprocess.run([*emcc, *flags, str(tmp_path / 'main.c'), '-o', str(tmp_path / 'main.js')], env=env, check=True)
    done = subprocess.run([*sdk.node, str(tmp_path / 'main.js')], capture_output=True, text=True, check=True)
    assert done.stdout == 'linked elsewhere\n'
    again = shared('export', '--for', LINK, '-o', tmp_path / 'again.tar.gz', '--cache', tmp_path / 'other', '--json')
    assert again.json['sha256'] == ran.json['sha256']


MODES = ('--features', 'wasm32', '--features', 'wasm64-thinlto', '--features', 'wasm32-pic')


def test_an_sdk_of_the_same_content_elsewhere_compiles_nothing(seen_home: Callable[[Path], Emroot], sdk_root: Path,
                                                               tmp_path: Path):
    """libembind's debug information names clang's headers: alone, each place makes its own bytes."""
    first = seen_home(tmp_path / 'first')
    moved = copy_sdk(sdk_root, tmp_path / 'other place')
    second, third = (Emroot(tmp_path / name, moved) for name in ('second', 'third'))
    selection = [*MODES, '--targets', 'crt1,libembind', '--json']
    built = first('publish', tmp_path / 'public', *selection).json
    assert built['published'] == 6 and built['records'] > 6
    taken = second('build', *selection, '--remote', tmp_path / 'public').json
    assert taken['objects']['compiled'] == 0 and 'wasm64-thinlto/libembind' in taken['elsewhere']
    assert first('export', *selection, '-o', tmp_path / 'libs.tar').code == 0
    assert third('import', tmp_path / 'libs.tar').code == 0
    imported = third('build', *selection).json
    assert imported['objects']['compiled'] == 0
    here = archives(Path(first('build', *selection).json['cache']))
    assert archives(Path(taken['cache'])) == archives(Path(imported['cache'])) == here
    own = second('build', *selection, env={'EMROOT_PLACE': 'own'}).json
    assert own['objects']['compiled'] == len(taken['elsewhere']) and 'elsewhere' not in own
    assert archives(Path(own['cache'])) != here


def test_a_machine_with_nothing_takes_all_from_a_remote_and_from_an_archive(seen_home: Callable[[Path], Emroot], tmp_path: Path):
    first, second, third = (seen_home(tmp_path / name) for name in ('first', 'second', 'third'))
    selection = ['--targets', 'crt1,libnoexit,libembind,wasm64-lto/libal', '--json']
    plain = {'no_proxy': '127.0.0.1', 'EMROOT_REMOTE_WAIT': '60'}
    with remote_cache() as cache:
        built = first('build', *selection, '--remote', f'rw+{cache.url}', env=plain).json
        assert built['remote']['sent'] == 4
        taken = second('build', *selection, '--remote', cache.url, env=plain).json
    assert counts(taken) == (0, sum(counts(built))) and taken['remote']['fetched'] == 4
    assert first('export', *selection, '-o', tmp_path / 'libs.tar').code == 0
    assert third('import', tmp_path / 'libs.tar').code == 0
    imported = third('build', *selection).json
    assert counts(imported) == counts(taken)
    assert archives(Path(built['cache'])) == archives(Path(taken['cache'])) == archives(Path(imported['cache']))
