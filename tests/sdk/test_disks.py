"""Full and write-protected disks, with a real compiler: exit code 6, and the next run goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sdk_targets import SOME_SECONDS
from support.disks import protect, resize
from support.running import Emroot
from support.snapshots import archives, damage


@pytest.mark.parametrize('spare', [pytest.param('40k', id='among the first objects'),
                                   pytest.param('700k', id='among the last', marks=pytest.mark.slow)])
def test_a_disk_that_fills_up_is_an_error_of_the_store_until_there_is_space(
        seen_home: Callable[[Path], Emroot], small_disk: Callable[[str], Path], built: Callable[[tuple[str, ...]], Path],
        spare: str):
    disk = small_disk('200m')
    emroot = seen_home(disk / 'home')
    emroot.build('crt1')
    used = sum(p.lstat().st_blocks * 512 for p in disk.rglob('*') if p.is_file() and p.lstat().st_nlink == 1)
    linked = {p.lstat().st_ino: p.lstat().st_blocks * 512 for p in disk.rglob('*') if p.is_file() and p.lstat().st_nlink > 1}
    resize(disk, f'{(used + sum(linked.values())) // 1024 + int(spare[:-1])}k')
    ran = emroot('build', '--targets', ','.join(SOME_SECONDS))
    assert ran.code == 6, ran.err
    assert 'no space left' in ran.err
    assert 'hint: free some space' in ran.err
    cache = next((emroot.home / 'cache').iterdir())
    assert damage(emroot.home, cache) == []

    resize(disk, '200m')
    document = emroot.build(*SOME_SECONDS)
    assert document['modes']['wasm32']['failed'] == []
    assert damage(emroot.home, cache) == []
    expected = archives(built(SOME_SECONDS))
    assert expected.items() <= archives(cache).items()


def test_a_cache_directory_on_another_disk_gets_copies(seen: Emroot, small_disk: Callable[[str], Path],
                                                       built: Callable[[tuple[str, ...]], Path]):
    cache = small_disk('200m') / 'cache'
    seen.build(*SOME_SECONDS, cache=cache)
    assert archives(cache) == archives(built(SOME_SECONDS))
    assert damage(seen.home, cache) == []
    assert seen.build(*SOME_SECONDS, cache=cache)['modes']['wasm32']['built'] == []


def test_a_write_protected_cache_directory_is_refused_but_used_if_complete(seen: Emroot, small_disk: Callable[[str], Path]):
    disk = small_disk('200m')
    seen.build('libnoexit', cache=disk / 'cache')
    protect(disk)
    assert seen.build('libnoexit', cache=disk / 'cache')['modes']['wasm32']['reused'] == ['libnoexit']
    ran = seen('build', '--targets', 'libal', '--cache', disk / 'cache')
    assert ran.code == 6
    assert 'not writable' in ran.err and str(disk) in ran.err and '--cache' in ran.err


def test_a_write_protected_home_is_refused(sdk_root: Path, small_disk: Callable[[str], Path], tmp_path: Path):
    disk = small_disk('1m')
    protect(disk)
    ran = Emroot(disk / 'home', sdk_root)('build', '--targets', 'libnoexit', '--cache', tmp_path / 'cache')
    assert ran.code == 6
    assert 'not writable' in ran.err and 'EMROOT_HOME' in ran.err
