"""What `gc` removes of a store: the least recently used results, never those in use; and leftovers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emroot.host.files import SLACK
from emroot.host.scratch import Scratch
from emroot.store import Store
from emroot.store.blobs import TREE
from emroot.store.gc import Collected, collect
from emroot.store.verification import blob_digests

HOUR = 3600.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / 'store') as opened:
        yield opened


def result(store: Store, name: str, size: int, age: float, kind: str = 'object') -> Path:
    """A blob of this size with a record that was of use so many seconds ago; the blob."""
    store.scratch().joinpath('new').write_bytes(name.encode() * size)
    blob = store.add_file(store.scratch() / 'new')
    key = blob.digest[::-1]
    store.write(kind, key, {'digest': blob.digest, 'size': blob.size})
    used(store.record_path(kind, key), age)
    return store.path(blob.digest)


def used(path: Path, age: float) -> None:
    os.utime(path, (time.time() - age, time.time() - age))


def digest(path: Path) -> str:
    return path.parent.name + path.name


def records(store: Store) -> list[Path]:
    return [path for path in (store.root / 'records').rglob('*') if path.is_file()]


@pytest.fixture
def three(store: Store) -> tuple[Path, Path, Path]:
    """Results of 100, 200 and 400 bytes, the first the oldest; nothing is being built."""
    found = result(store, 'a', 100, 3 * HOUR), result(store, 'b', 200, 2 * HOUR), result(store, 'c', 400, HOUR)
    store.close()
    return found


@pytest.mark.parametrize(('limit', 'left'), [(700, 3), (699, 2), (600, 2), (599, 1), (400, 1), (399, 0), (0, 0)])
def test_the_least_recently_used_go_until_the_rest_is_small_enough(store: Store, three: tuple[Path, ...], limit: int,
                                                                   left: int) -> None:
    found = collect(store, [], max_size=limit)
    assert [path.exists() for path in three] == [False] * (3 - left) + [True] * left
    assert len(records(store)) == left, 'a record goes with its blob'
    kept = [0, 400, 600, 700][left]
    assert found == Collected(3 - left, 700 - kept, kept)


@pytest.mark.parametrize(('age', 'left'), [(4 * HOUR, 3), (2.5 * HOUR, 2), (1.5 * HOUR, 1), (0.5 * HOUR, 0)])
def test_what_was_of_no_use_for_long_goes(store: Store, three: tuple[Path, ...], age: float, left: int) -> None:
    assert collect(store, [], max_age=age).files == 3 - left
    assert [path.exists() for path in three] == [False] * (3 - left) + [True] * left


def test_without_a_bound_nothing_goes(store: Store, three: tuple[Path, ...]) -> None:
    assert collect(store, []) == Collected(0, 0, 700) and all(path.exists() for path in three)


def test_what_would_be_removed_is_told_and_stays(store: Store, three: tuple[Path, ...]) -> None:
    (store.root / 'damaged').mkdir()
    left = store.root / 'damaged' / 'x'
    left.touch()
    used(left, SLACK + 60)
    future = records(store)[0]
    used(future, -10 * HOUR)
    before = {path: os.lstat(path).st_mtime for path in store.root.rglob('*')}
    assert collect(store, [], max_size=0, dry_run=True).files >= 3
    assert {path: os.lstat(path).st_mtime for path in store.root.rglob('*')} == before


def test_blobs_of_cache_directories_stay(store: Store, three: tuple[Path, ...]) -> None:
    assert collect(store, [digest(three[0]), digest(three[2])], max_size=0).files == 1
    assert [path.exists() for path in three] == [True, False, True]


def test_what_was_of_use_just_now_stays(store: Store, three: tuple[Path, ...]) -> None:
    new = result(store, 'd', 800, SLACK / 2)
    store.close()
    assert collect(store, [], max_size=0).kept_bytes == 800 and new.exists() and not any(path.exists() for path in three)


def test_what_was_of_use_since_a_running_build_began_stays(store: Store, three: tuple[Path, ...]) -> None:
    running = Scratch(store.root / 'tmp')
    lock = running.directory().with_name(f'{running.directory().name}.lock')
    used(lock, 1.5 * HOUR)
    collect(store, [], max_size=0)
    assert [path.exists() for path in three] == [False, False, True] and running.directory().exists()
    running.close()
    collect(store, [], max_size=0)
    assert not three[2].exists()


def test_a_blob_of_several_records_is_of_use_as_long_as_one_of_them(store: Store) -> None:
    blob = result(store, 'a', 100, 5 * HOUR)
    store.write('archive', 'ef' * 32, {'files': {'lib/a': [digest(blob), 100]}})
    used(store.record_path('archive', 'ef' * 32), HOUR)
    store.close()
    assert collect(store, [], max_age=2 * HOUR).files == 0 and blob.exists() and len(records(store)) == 2
    assert collect(store, [], max_age=HOUR / 2).files == 1 and not blob.exists() and records(store) == []


def test_a_tree_goes_with_its_record_unless_a_cache_directory_is_of_it(store: Store) -> None:
    tops = [store.tree(key, lambda directory: (directory / 'file').write_text('x' * 50) and None) for key in ('one', 'other')]
    for key in ('one', 'other'):
        used(store.record_path(TREE, key), HOUR)
    store.close()
    assert collect(store, ['other'], max_size=0) == Collected(1, 50, 0)
    assert [top.exists() for top in tops] == [False, True] and [path.name for path in records(store)] == ['her']


def test_a_record_of_no_blob_goes_alone_and_counts_its_own_size(store: Store) -> None:
    store.write('family', 'ab' * 32, {'macros': []})
    path = store.record_path('family', 'ab' * 32)
    size = path.stat().st_size
    used(path, HOUR)
    store.close()
    assert collect(store, [], max_size=size) == Collected(0, 0, size)
    assert collect(store, [], max_size=size - 1) == Collected(0, size, 0) and not path.exists()


def test_times_in_the_future_count_from_now(store: Store) -> None:
    """Else what was of use before a clock was set back would stay until then."""
    result(store, 'a', 100, -10 * HOUR)
    result(store, 'b', 100, SLACK / 2)
    store.close()
    before = sorted(path.stat().st_mtime for path in records(store))
    collect(store, [])
    after = sorted(path.stat().st_mtime for path in records(store))
    assert after[0] == before[0] and abs(after[1] - time.time()) < 60


@pytest.mark.parametrize('folder', ['damaged', 'locks'])
@pytest.mark.parametrize(('age', 'stays'), [(SLACK - 60, True), (SLACK + 60, False), (-SLACK - 60, False)])
def test_what_was_set_aside_and_locks_go_once_they_are_old(store: Store, folder: str, age: float, stays: bool) -> None:
    (store.root / folder).mkdir(exist_ok=True)
    left = store.root / folder / 'x'
    left.touch()
    used(left, age)
    assert collect(store, []).files == (not stays) and left.exists() == stays


def test_leftovers_of_killed_processes_go(store: Store) -> None:
    left = store.root / 'tmp' / '1-abcd'
    left.mkdir(parents=True)
    left.with_name('1-abcd.lock').touch()
    collect(store, [])
    assert not left.exists()


def test_a_record_names_the_blobs_of_one_result_or_of_several_files() -> None:
    one, other, more = '1' * 64, '2' * 64, '3' * 64
    assert blob_digests({'digest': one, 'size': 1}) == {one}
    assert blob_digests({'files': {'a': [one, 1], 'b': [other, 2]}, 'digest': more}) == {one, other, more}
    assert blob_digests({'files': {'a': [one, 1, 3]}}) == set(), 'a tree has files of its own'
    assert blob_digests({'files': {'b': 'x', 'c': ['../x', 1]}, 'digest': 'x'}) == set()
    assert blob_digests({'files': [[one, 1]]}) == blob_digests({}) == set()
