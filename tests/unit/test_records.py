"""What is believed of a record, and of the files that it describes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emroot.hashing import digest_bytes
from emroot.store.records import is_below, is_digest, list_records, seal, unseal
from emroot.store.trees import describe_files, described_files, is_complete, list_files

KEY = 'ab' * 32


@given(st.dictionaries(st.text().filter(lambda name: name not in ('record', 'of', 'sum')), st.integers() | st.text()))
def test_what_was_sealed_is_what_comes_out(record: dict[str, Any]) -> None:
    assert unseal(seal(record, 'object', KEY), 'object', KEY) == record


@pytest.mark.parametrize('change', [{'size': 2}, {'more': 1}, {'sum': '0' * 64}, {'sum': None}, {'of': 'cd' * 32},
                                    {'record': 'archive'}], ids=str)
def test_what_was_changed_is_none(change: dict[str, Any]) -> None:
    sealed = seal({'size': 1}, 'object', KEY)
    assert unseal({**sealed, **change}, 'object', KEY) is None


@pytest.mark.parametrize('lost', ['size', 'sum', 'of', 'record'])
def test_what_lost_a_part_is_none(lost: str) -> None:
    sealed = seal({'size': 1}, 'object', KEY)
    del sealed[lost]
    assert unseal(sealed, 'object', KEY) is None


def test_what_was_moved_to_another_key_or_kind_is_none() -> None:
    sealed = seal({'size': 1}, 'object', KEY)
    assert unseal(sealed, 'archive', KEY) is unseal(sealed, 'object', 'cd' * 32) is unseal(None, 'object', KEY) is None


@pytest.mark.parametrize('text', ['0' * 63, '0' * 65, 'AB' * 32, 'xy' * 32, '0' * 63 + '/', b'0' * 64, None, 64, ['0'] * 64])
def test_nothing_but_a_sha256_names_a_blob(text: object) -> None:
    assert is_digest('0123456789abcdef' * 4) and not is_digest(text)


def test_each_letter_of_it_is_a_digit_in_lower_case() -> None:
    digits = {chr(code) for code in range(0x300) if is_digest('0' * 63 + chr(code)) and is_digest(chr(code) + '0' * 63)}
    assert digits == set('0123456789abcdef')


@pytest.mark.parametrize('path', [
    '', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/./b', 'a/../b', 'a\\b', 'C:a', 'a\0', 3, None,
    *(['a\ud800'] if os.name != 'nt' else [])])  # which Windows can spell
def test_a_path_that_leads_elsewhere_is_none_of_a_record(path: object) -> None:
    assert all(map(is_below, ('a', 'a/b.c', '.a', '..a/b', 'ä/ß'))) and not is_below(path)


def _tree(directory: Path) -> list[str]:
    for name in ('z', 'a/b/one', 'a/two', 'a.x'):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(name)
    return ['a.x', 'a/b/one', 'a/two', 'z']


def test_files_of_a_tree_are_listed_by_their_paths_in_order(tmp_path: Path) -> None:
    assert _tree(tmp_path) == list_files(tmp_path)


def test_files_of_a_tree_are_described_by_content_size_and_time(tmp_path: Path) -> None:
    paths = _tree(tmp_path)
    os.utime(tmp_path / 'z', ns=(5, 7_000_000_000))
    described = describe_files(tmp_path, paths)
    assert described['z'] == [digest_bytes(b'z'), 1, 7_000_000_000]
    assert {path: said[0] for path, said in described.items()} == {path: digest_bytes(path.encode()) for path in paths}
    assert described_files({'files': described}) == described and is_complete(tmp_path, described, read=True)


def test_what_is_there_besides_does_not_matter(tmp_path: Path) -> None:
    described = describe_files(tmp_path, _tree(tmp_path))
    (tmp_path / 'more').write_text('x')
    assert is_complete(tmp_path, described, read=True)
    assert is_complete(tmp_path / 'nowhere', {}) and not is_complete(tmp_path / 'nowhere', described)


DIGEST = '0' * 64


@pytest.mark.parametrize('files', [
    {'a': [DIGEST, 1]}, {'a': [DIGEST, 1, 2, 3]}, {'a': [DIGEST[1:], 1, 2]}, {'a': [DIGEST, '1', 2]}, {'a': [DIGEST, 1, None]},
    {'a': (DIGEST, 1, 2)}, {'../a': [DIGEST, 1, 2]}, {'b': [DIGEST, 1, 2], 'a': None}, [['a', DIGEST]], None], ids=str)
def test_a_record_that_describes_no_files_is_none(files: object) -> None:
    right = {'a': [DIGEST, 1, 2], 'b/c': [DIGEST, 0, 0]}
    assert described_files({'files': right}) == right and described_files({'files': {}}) == {}
    assert described_files({'files': files}) is described_files({}) is described_files(None) is None


@pytest.mark.skipif(os.name == 'nt', reason='links are another thing there')
def test_records_are_listed_with_kind_and_key_and_links_in_their_places_too(tmp_path: Path) -> None:
    for path in (f'object/ab/{"ab" * 31}', f'family/ab/{"cd" * 31}/one', 'stray'):
        (tmp_path / 'records' / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'records' / path).write_text('{}')
    (tmp_path / 'records/object/ef').symlink_to(tmp_path)
    found = {(kind, key): path.relative_to(tmp_path / 'records').as_posix() for kind, key, path in list_records(tmp_path)}
    assert found == {('object', 'ab' * 32): f'object/ab/{"ab" * 31}',
                     ('family', f'ab{"cd" * 31}/one'): f'family/ab/{"cd" * 31}/one',
                     ('stray', ''): 'stray', ('object', 'ef'): 'object/ef'}
    assert list(list_records(tmp_path / 'none')) == []
