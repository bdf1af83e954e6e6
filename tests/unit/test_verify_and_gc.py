"""`emroot verify` notices whatever matters and mends it; `emroot gc` removes what is of no use, and that only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot
from support.trees import archives, damage, snapshot

from emroot.store import Store
from emroot.store.blobs import TREE

AHEAD = 365 * 86400


def _files(top: Path) -> list[Path]:
    return sorted(path for path in top.rglob('*') if path.is_file())


def _one(top: Path) -> Path:
    return _files(top)[0]


def _write(path: Path, content: bytes) -> None:
    """In place, so that hard links change too, and behind the back of the time."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(0o444)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _rot(path: Path) -> None:
    _write(path, bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


@pytest.mark.parametrize('blow', [
    lambda home, cache: _rot(_one(home / 'store' / 'blobs')),
    lambda home, cache: _one(home / 'store' / 'blobs').unlink(),
    lambda home, cache: _one(home / 'store' / 'blobs').chmod(0),
    lambda home, cache: (_one(home / 'store' / 'blobs').unlink(), _one(home / 'store' / 'blobs').parent.rename(home / 'x')),
    lambda home, cache: _write(_one(home / 'store' / 'records'), b'{}'),
    lambda home, cache: _one(home / 'store' / 'records' / TREE).unlink(),
    lambda home, cache: _rot(_one(home / 'store' / 'trees')),
    lambda home, cache: _rot(_one(cache / 'sysroot' / 'lib')),
    lambda home, cache: _one(cache / 'sysroot' / 'lib').unlink(),
    lambda home, cache: _one(cache / 'sysroot' / 'include').unlink(),
    lambda home, cache: (cache / 'sanity.txt').write_text('another'),
    lambda home, cache: (cache / 'sanity.txt').unlink(),
    lambda home, cache: (cache / 'sysroot_install.stamp').unlink(),
], ids=['rotten blob', 'blob gone', 'unreadable blob', 'many blobs gone', 'record', 'record of a tree gone', 'rotten header',
        'rotten archive', 'archive gone', 'header gone', 'sanity', 'sanity gone', 'stamp gone'])
def test_damage_is_noticed_and_mended_so_that_the_next_build_gives_the_right_bytes(
        fake: Emroot, blow: Callable[[Path, Path], object]):
    cache = Path(fake.build('libone', 'crt1')['cache'])
    right = snapshot_of(cache)
    blow(fake.home, cache)
    damaged = snapshot(fake.home)
    assert fake('verify').code == 6
    assert snapshot(fake.home) == damaged, 'without --repair nothing is changed'
    assert fake('verify', '--repair').code == 0
    assert fake('verify').code == 0
    assert fake.build('libone', 'crt1')['modes']['wasm32']['failed'] == []
    assert snapshot_of(cache) == right
    assert fake('verify').code == 0
    assert damage(fake.home, cache) == []


def snapshot_of(cache: Path) -> dict[str, bytes]:
    """What emcc sees of a cache directory."""
    return {path.relative_to(cache).as_posix(): path.read_bytes() for path in _files(cache)
            if path.relative_to(cache).parts[0] != '.emroot'}


def test_what_rotted_and_is_not_in_the_store_is_out_of_the_way_of_any_link_at_once(fake: Emroot):
    """A hard link shares the damage, so the store has nothing better."""
    cache = Path(fake.build('libone')['cache'])
    header, library = _one(cache / 'sysroot' / 'include'), _one(cache / 'sysroot' / 'lib')
    _rot(header)
    _rot(library)
    assert fake('verify', '--repair').code == 0
    assert not header.exists() and not library.exists()


@pytest.mark.skipif(os.name == 'nt', reason='permissions are another thing there')
def test_a_library_that_cannot_be_read_is_put_there_again(fake: Emroot):
    cache = Path(fake.build('libone')['cache'])
    path = next(iter(archives(cache)))
    (cache / path).chmod(0)
    fake.build('libone')
    assert (cache / path).stat().st_mode & 0o400


def test_a_mark_of_emcc_that_is_no_text_is_written_again(fake: Emroot):
    cache = Path(fake.build('libone')['cache'])
    right = (cache / 'sanity.txt').read_bytes()
    (cache / 'sanity.txt').write_bytes(b'\xff\xfe\xff')
    fake.build('libone')
    assert (cache / 'sanity.txt').read_bytes() == right


def test_what_was_of_use_in_the_future_counts_from_now(fake: Emroot):
    fake.build('libone', cache=fake.home / 'gone')
    records = _files(fake.home / 'store' / 'records')
    for path in [*records, *_files(fake.home / 'store' / 'damaged')]:
        os.utime(path, (time.time() + AHEAD, time.time() + AHEAD))
    assert fake('gc', '--max-size', '1').code == 0
    assert all(path.stat().st_mtime < time.time() + 60 for path in records)


def test_what_was_set_aside_in_the_future_goes(fake: Emroot):
    fake.build('libone')
    aside = fake.home / 'store' / 'damaged' / 'something'
    aside.parent.mkdir(exist_ok=True)
    aside.write_text('x')
    os.utime(aside, (time.time() + AHEAD, time.time() + AHEAD))
    assert fake('gc', '--max-age', '1d').code == 0
    assert not aside.exists()


def test_headers_of_a_cache_directory_that_is_there_are_kept_however_old_they_are(fake: Emroot):
    fake.build('libone')
    for path in _files(fake.home / 'store' / 'records'):
        os.utime(path, (1e9, 1e9))
    assert fake('gc', '--max-age', '1d').code == 0
    assert len(list((fake.home / 'store' / 'trees').iterdir())) == 1
    assert fake('verify').code == 0


def test_temporary_files_of_killed_processes_go_from_the_home_too(fake: Emroot):
    fake.build('libone')
    for place in ('memo', 'caches', 'store/records'):
        left = fake.home / place / '.x.json.1.ab.tmp'
        left.write_text('x')
        os.utime(left, (1e9, 1e9))
    assert fake('gc', '--max-age', '1d').code == 0
    assert list(fake.home.rglob('*.tmp')) == []


def test_a_time_of_the_last_gc_that_is_none_does_not_stop_a_build(fake: Emroot):
    (fake.home / 'memo' / 'gc.json').write_text('{"time": "yesterday"}')
    assert fake.build('libone')['modes']['wasm32']['built'] == ['libone']


def test_a_tree_that_two_make_where_there_are_no_locks_stays_that_of_the_first(tmp_path: Path):
    """Somebody may be using it."""
    with Store(tmp_path) as first, Store(tmp_path) as second:
        def make(directory: Path) -> None:
            (directory / 'file').write_text('x')

        def make_second(directory: Path) -> None:
            make(directory)
            first._make_tree('key', make)
        second._make_tree('key', make_second)
        assert second.tree_files('key') is not None
        assert list((tmp_path / 'damaged').iterdir()) == []
