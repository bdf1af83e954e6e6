"""What one machine built is what others link with: as an archive, and from a remote."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.remotes import remote_cache
from support.running import Emroot, plain_environment
from support.sdk_copies import copy_sdk
from support.servers import casd, nginx
from support.snapshots import archives, counts, extract

from emroot.sdk import Sdk

LINK = 'emcc -O1 -sDEFAULT_TO_CXX=0'
PROGRAM = '#include <stdio.h>\nint main(void) { return puts("linked elsewhere") < 0; }\n'


def test_an_exported_archive_is_all_that_a_frozen_link_needs(shared: Emroot, sdk: Sdk, tmp_path: Path):
    ran = shared('export', '--for', LINK, '-o', tmp_path / 'libs.tar.gz', '--cache', tmp_path / 'cache', '--json')
    assert ran.code == 0, ran.err
    with tarfile.open(tmp_path / 'libs.tar.gz') as tar:
        extract(tar, tmp_path / 'unpacked')
    _link_and_run(sdk, tmp_path / 'unpacked', tmp_path)
    again = shared('export', '--for', LINK, '-o', tmp_path / 'again.tar.gz', '--cache', tmp_path / 'other', '--json')
    assert again.json['sha256'] == ran.json['sha256']


def _link_and_run(sdk: Sdk, cache: Path, directory: Path) -> None:
    """A plain emcc with this cache, frozen, makes a program that runs."""
    (directory / 'main.c').write_text(PROGRAM)
    env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
    _, *flags = LINK.split()
    emcc = [*sdk.python, '-B', str(sdk.root / 'emcc.py')]
    subprocess.run([*emcc, *flags, str(directory / 'main.c'), '-o', str(directory / 'main.js')], env=env, check=True)
    done = subprocess.run([*sdk.node, str(directory / 'main.js')], capture_output=True, text=True, check=True)
    assert done.stdout == 'linked elsewhere\n'


@pytest.mark.slow
def test_emcc_links_with_a_cache_directory_on_a_base(shared: Emroot, seen_home: Callable[[Path], Emroot], sdk: Sdk,
                                                     tmp_path: Path):
    base = tmp_path / 'base'
    assert shared('build', '--for', LINK, '--cache', base).code == 0
    mine = seen_home(tmp_path / 'mine')('build', '--for', LINK, '--targets', 'libnoexit', '--base', base, '--json')
    assert mine.code == 0 and mine.json['objects']['why']['archive_in_base'] > 500, mine.err
    assert (mine.json['objects']['compiled'], mine.json['modes']['wasm32']['built']) in ((0, []), (1, ['libnoexit']))
    _link_and_run(sdk, Path(mine.json['cache']), tmp_path)


MODES = ('--features', 'wasm32', '--features', 'wasm64-thinlto', '--features', 'wasm32-pic')


@pytest.mark.slow
def test_an_sdk_of_the_same_content_elsewhere_compiles_nothing(seen_home: Callable[[Path], Emroot], sdk_root: Path,
                                                               tmp_path: Path):
    """Three modes, from an archive and from each kind of remote. libembind's debug information names clang's headers: alone, each
    place makes its own bytes."""
    first, moved = seen_home(tmp_path / 'first'), copy_sdk(sdk_root, tmp_path / 'other location')
    selection = [*MODES, '--targets', 'crt1,libembind', '--json']
    plain = {'no_proxy': '127.0.0.1', 'EMROOT_REMOTE_WAIT': '60'}
    with nginx(tmp_path / 'web', writes=True) as web, nginx(tmp_path / 'static') as static, casd(tmp_path / 'casd') as port:
        directory, grpc = static.files, f'grpc://127.0.0.1:{port}'
        built = first('build', *selection, '--remote', f'rw+{web.url}', env=plain).json
        assert built['remote']['sent'] == 6 and {method for method, _, _ in web.asked()} == {'GET', 'PUT'}
        for to in (directory, grpc):
            assert first('publish', to, *selection, env=plain).json['published'] == 6
        here = archives(Path(built['cache']))
        for name, remote in (('web', web.url), ('static', static.url), ('directory', directory), ('grpc', grpc)):
            second = Emroot(seen_home(tmp_path / name).home, moved)
            taken = second('build', *selection, '--remote', remote, env=plain).json
            assert (taken['objects']['compiled'], taken['remote']['fetched']) == (0, 6), remote
            assert 'wasm64-thinlto/libembind' in taken['elsewhere'] and archives(Path(taken['cache'])) == here
            assert second('verify').code == 0
    assert first('export', *selection, '-o', tmp_path / 'libs.tar').code == 0
    third = Emroot(seen_home(tmp_path / 'third').home, moved)
    assert third('import', tmp_path / 'libs.tar').code == 0
    imported = third('build', *selection).json
    assert imported['objects']['compiled'] == 0 and archives(Path(imported['cache'])) == here
    own = third('build', *selection, env={'EMROOT_LOCATION': 'own'}).json
    assert own['objects']['compiled'] == len(imported['elsewhere']) and 'elsewhere' not in own
    assert archives(Path(own['cache'])) != here


@pytest.mark.slow
def test_what_a_c_plus_plus_link_needs_comes_from_a_remote(shared: Emroot, seen_home: Callable[[Path], Emroot], tmp_path: Path):
    selection = ['--for', 'em++ -sMALLOC=emmalloc-debug', '--json']
    with nginx(tmp_path / 'web') as web, casd(tmp_path / 'casd') as port:
        for name, to, remote in (('web', web.files, web.url), ('grpc', f'grpc://127.0.0.1:{port}', f'grpc://127.0.0.1:{port}')):
            ran = shared('publish', to, *selection, '--cache', tmp_path / 'cache', env={'no_proxy': '127.0.0.1'})
            assert ran.code == 0, ran.err
            taken = seen_home(tmp_path / name)('build', *selection, '--remote', remote,
                                               env={'no_proxy': '127.0.0.1', 'EMROOT_REMOTE_WAIT': '60'}).json
            assert taken['objects']['compiled'] == 0


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


def test_libraries_that_came_prebuilt_are_built_to_be_published(seen_home: Callable[[Path], Emroot], tmp_path: Path):
    """From a base, as the SDK's own cache is one, they are copied into the cache directory only."""
    first, second, third = (seen_home(tmp_path / name) for name in ('first', 'second', 'third'))
    selection = ['--features', 'wasm64', '--targets', 'libnoexit,libhtml5']
    built = first('build', *selection, '--cache', tmp_path / 'base', '--json')
    assert built.code == 0, built.err
    based = [*selection, '--base', tmp_path / 'base']
    assert second('build', *based, '--json').json['objects']['why']['archive_in_base'] > 0
    published = second('publish', tmp_path / 'libs', *based, '--json')
    assert published.code == 0, published.err
    assert published.json['published'] == 2
    assert '2 libraries are prebuilt, or removed from the store by `emroot gc`: built from sources' in published.err
    taken = third('build', *selection, '--remote', tmp_path / 'libs', '--json').json
    assert (taken['objects']['compiled'], taken['remote']['fetched']) == (0, 2)
    assert archives(Path(taken['cache'])) == archives(tmp_path / 'base')
