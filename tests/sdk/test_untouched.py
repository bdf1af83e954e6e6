"""The SDK is never written to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.disks import protect
from support.overlay import overlay
from support.running import Emroot
from support.snapshots import archives, snapshot


def test_nothing_below_the_sdk_changes(fresh: Emroot, sdk_root: Path, small: list[str], tmp_path: Path):
    before = snapshot(sdk_root, content=False)
    assert fresh('sdk', 'show').code == 0
    assert fresh('list').code == 0
    fresh.build(*small)
    assert fresh('build', '--builder', 'embuilder', '--targets', 'libnoexit', '--cache', tmp_path / 'cache').code == 0
    assert fresh('explain', 'wasm32/crt1').code == 0
    assert fresh('env', '--targets', 'crt1').code == 0
    assert fresh('run', '--targets', 'crt1', '--', sys.executable, '-c', '').code == 0
    after = snapshot(sdk_root, content=False)
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == set()


@pytest.mark.slow
def test_an_sdk_that_cannot_be_written_to_is_as_good(sdk_root: Path, small: list[str], built: Callable[[tuple[str, ...]], Path],
                                                     small_disk: Callable[[str], Path], tmp_path: Path):
    directory = small_disk('20m')
    root = overlay(sdk_root, directory / 'emscripten')
    protect(directory)
    emroot = Emroot(tmp_path / 'home', root)
    assert emroot('list').code == 0
    document = emroot.build('libnoexit', 'libal')
    expected = archives(built(tuple(small)))
    assert all(expected[path] == digest for path, digest in archives(Path(document['cache'])).items())


@pytest.mark.parametrize('below', ['', 'cache', 'system/new'])
def test_a_cache_directory_inside_the_sdk_is_refused(shared: Emroot, sdk_root: Path, below: str):
    ran = shared('build', '--targets', 'libnoexit', '--cache', sdk_root / below)
    assert ran.code == 2
    assert 'is inside the SDK, and emroot never writes to an SDK' in ran.err and '--cache' in ran.err
