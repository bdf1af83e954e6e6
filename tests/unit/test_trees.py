"""Trees of the store: directories that are made once, and made again if they are no longer what was made."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emroot.errors import StoreError
from emroot.hashing import digest_bytes
from emroot.host.files import remove_tree
from emroot.store import Lock, Store
from emroot.store.blobs import TREE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / 'store') as opened:
        yield opened


def test_a_tree_is_made_once(store: Store):
    made = []

    def make(directory: Path) -> None:
        made.append(directory)
        (directory / 'file').write_text('x')
    first = store.tree('key', make)
    assert store.tree('key', make) == first
    assert len(made) == 1
    assert (first / 'file').read_text() == 'x'


def _filled(**files: str) -> Callable[[Path], None]:
    """Makes a tree of these files, in a folder."""
    def make(directory: Path) -> None:
        (directory / 'folder').mkdir()
        for name, text in files.items():
            (directory / 'folder' / name).write_text(text)
    return make


@pytest.mark.parametrize('damage', [
    'gone', 'cut short', 'rotten', 'all gone', *(['a link', 'unreadable'] if os.name != 'nt' else [])])
def test_a_tree_that_is_no_longer_what_was_made_is_made_again(store: Store, tmp_path: Path, damage: str):
    top = store.tree('key', _filled(a='content', b='x'))
    assert store.tree_files('key') == {'folder/a': digest_bytes(b'content'), 'folder/b': digest_bytes(b'x')}
    file = top / 'folder' / 'a'
    if damage == 'all gone':
        remove_tree(top)
    elif damage in ('gone', 'a link'):
        file.rename(tmp_path / 'elsewhere')
        if damage == 'a link':
            file.symlink_to(tmp_path / 'elsewhere')
    elif damage == 'unreadable':
        file.chmod(0)
    else:
        file.write_text({'cut short': 'con', 'rotten': 'CONTENT'}[damage])
        os.utime(file, (1, 1))
    assert store.tree_files('key') is None
    assert store.tree('key', _filled(a='content', b='x')) == top
    assert file.read_text() == 'content' and not file.is_symlink() and store.tree_files('key', read=True)
    aside = [path.name.rpartition('-')[0] for path in (store.root / 'damaged').glob('*')]
    assert aside == ([] if damage == 'all gone' else ['key'])


def test_a_file_of_a_tree_that_was_only_touched_is_as_it_was_made(store: Store):
    top = store.tree('key', _filled(a='content'))
    os.utime(top / 'folder' / 'a', (1, 1))
    assert store.tree_files('key') and store.tree_files('key', read=True)


def test_what_rots_behind_the_back_of_the_time_is_found_by_reading(store: Store):
    file = store.tree('key', _filled(a='content')) / 'folder' / 'a'
    before = file.stat()
    file.write_text('CONTENT')
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.tree_files('key') and store.tree_files('key', read=True) is None


def test_a_tree_is_used_by_whoever_asks_for_it(store: Store):
    store.tree('key', _filled(a='content'))
    record = store.record_path(TREE, 'key')
    os.utime(record, (1, 1))
    store.tree('key', _filled())
    assert record.stat().st_mtime > 1


def test_whoever_makes_a_tree_is_waited_for(store: Store):
    with store.tree_lock('0' * 64) as held, store.tree_lock('0' * 16 + 'f' * 48) as same, store.tree_lock('f' * 64) as other:
        assert (held, same, other) == (Lock.HELD, Lock.BUSY, Lock.HELD)
        began = time.monotonic()
        with store.tree_lock('0' * 64, seconds=0.05) as waited:
            assert waited is Lock.BUSY and time.monotonic() - began >= 0.05


def test_a_disk_that_fails_while_a_tree_is_made_is_an_error_of_the_store(store: Store):
    def make(directory: Path) -> None:
        raise OSError(5, os.strerror(5))
    with pytest.raises(StoreError, match='adding to the store'):
        store.tree('key', make)
    assert not store.tree_path('key').exists() and list(store.scratch().iterdir()) == []


def test_a_tree_whose_making_fails_is_not_there(store: Store):
    def fail(directory: Path) -> None:
        (directory / 'half').write_text('x')
        raise RuntimeError
    with pytest.raises(RuntimeError):
        store.tree('key', fail)
    assert not (store.root / 'trees' / 'key').exists()
    assert list(store.scratch().iterdir()) == []


def test_a_tree_that_many_want_at_once_is_made_once(store: Store):
    made = []

    def make(directory: Path) -> None:
        made.append(directory)
        (directory / 'file').write_text('x')

    def want() -> None:
        with Store(store.root) as other:
            other.tree('key', make)
    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


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
