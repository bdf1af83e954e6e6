"""What the verification of a store looks at, and how its result counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emroot import hashing
from emroot.store import Store
from emroot.store.verification import Verified, verify_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """With a blob of two records, and a tree."""
    with Store(tmp_path / 'store') as opened:
        (opened.scratch() / 'new').write_bytes(b'content')
        blob = opened.add_file(opened.scratch() / 'new')
        opened.write('object', 'ab' * 32, {'digest': blob.digest, 'size': blob.size})
        opened.write('archive', 'cd' * 32, {'digest': blob.digest, 'size': blob.size})
        opened.tree('key', _make)
        yield opened


def _make(directory: Path) -> None:
    (directory / 'file').write_text('x')


def _blob(store: Store) -> Path:
    return next((store.root / 'blobs').glob('*/*'))


def _verified(store: Store) -> Verified:
    result = Verified()
    verify_store(store, result)
    return result


def test_each_blob_record_and_tree_counts_once(tmp_path: Path, store: Store) -> None:
    assert _verified(store) == Verified(checked=1 + 3 + 1)
    with Store(tmp_path / 'empty') as empty:
        assert _verified(empty) == Verified() and Verified().checked == 0


def test_a_blob_is_read_once_however_many_records_name_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read, digest_file = [], hashing.digest_file

    def note(path: Path) -> str:
        read.append(Path(path))
        return digest_file(path)
    monkeypatch.setattr(hashing, 'digest_file', note)
    _verified(store)
    assert read == [_blob(store)]


def test_a_blob_that_rotted_is_named_with_each_record_of_it(store: Store) -> None:
    path = _blob(store)
    path.chmod(0o644)
    path.write_bytes(b'CONTENT')
    assert sorted(_verified(store).damaged) == [
        f'blob {path.parent.name}{path.name}', f'record archive {"cd" * 32} names a blob that is missing',
        f'record object {"ab" * 32} names a blob that is missing']


def test_a_tree_that_rotted_and_records_that_did_are_named(store: Store) -> None:
    (store.root / 'trees' / 'key' / 'file').write_text('y')
    store.record_path('object', 'ab' * 32).write_text('{}')
    result = _verified(store)
    assert sorted(result.damaged) == [f'record object {"ab" * 32}', 'tree key'] and result.left == result.damaged
    assert (store.root / 'trees' / 'key').exists(), 'it only looks'


@pytest.mark.parametrize(('restores', 'needed', 'repaired', 'removed'), [
    (None, False, 0, 0), (True, False, 1, 0), (False, False, 0, 1), (False, True, 0, 0), (True, True, 1, 0)])
def test_damage_is_left_unless_it_was_repaired_or_removed_and_is_made_again(
        restores: bool | None, needed: bool, repaired: int, removed: int) -> None:
    result = Verified()
    result.wrong('something', None if restores is None else lambda: bool(restores), needed=needed)
    assert (result.damaged, len(result.repaired), len(result.removed)) == (['something'], repaired, removed)
    assert result.left == ['something'] * (1 - repaired - removed)


def test_what_cannot_be_repaired_does_not_end_the_verification() -> None:
    def refuse() -> bool:
        raise PermissionError
    result = Verified()
    result.wrong('something', refuse)
    assert result.left == ['something']
