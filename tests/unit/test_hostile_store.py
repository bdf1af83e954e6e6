"""What somebody may have put into a store: it costs work or is refused, and nothing lands outside."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.running import Emroot
from support.snapshots import snapshot

from emroot.engine.embuilder import is_inside
from emroot.engine.reuse.included_files import INCLUDED_FILES, read_included_files
from emroot.errors import StoreError
from emroot.hashing import canonical_json, digest_bytes
from emroot.host.files import remove_tree
from emroot.host.home import read_json
from emroot.store import Store
from emroot.store.blobs import TREE
from emroot.store.format import FOLDERS
from emroot.store.records import seal

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='links and pipes are another thing there')
KEY = 'ab' * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / 'store') as opened:
        yield opened


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    directory = tmp_path / 'outside'
    directory.mkdir()
    (directory / 'file').write_text('x')
    return directory


def _adopted(store: Store, content: bytes) -> Path:
    file = store.scratch() / 'new'
    file.write_bytes(content)
    return store.path(store.add_file(file).digest)


@pytest.mark.parametrize('folder', FOLDERS)
def test_a_store_whose_folder_is_a_link_is_refused(tmp_path: Path, outside: Path, folder: str):
    (tmp_path / 'store').mkdir()
    (tmp_path / 'store' / folder).symlink_to(outside)
    with pytest.raises(StoreError, match='is a link') as caught, Store(tmp_path / 'store'):
        pass
    assert 'delete the link' in caught.value.hint


def test_a_link_in_place_of_a_folder_within_is_replaced(store: Store, outside: Path):
    digest = digest_bytes(b'content')
    (store.root / 'blobs').mkdir()
    (store.root / 'blobs' / digest[:2]).symlink_to(outside)
    (store.root / 'records').mkdir()
    (store.root / 'records' / 'object').symlink_to(outside)
    before = snapshot(outside)
    assert _adopted(store, b'content').read_bytes() == b'content'
    store.write('object', KEY, {'digest': digest, 'size': 7})
    assert store.read('object', KEY) == {'digest': digest, 'size': 7}
    assert snapshot(outside) == before


@pytest.mark.parametrize('kind', ['pipe', 'folder', 'link to zeros'])
def test_a_format_that_cannot_be_read_is_an_error_of_the_store(tmp_path: Path, kind: str):
    version = tmp_path / 'VERSION'
    {'pipe': lambda: os.mkfifo(version), 'folder': version.mkdir,
     'link to zeros': lambda: version.symlink_to('/dev/zero')}[kind]()
    with pytest.raises(StoreError), Store(tmp_path):
        pass


@pytest.mark.parametrize('kind', ['pipe', 'folder', 'link to zeros', 'a terabyte', 'deep', 'not UTF-8'])
def test_what_cannot_be_a_record_is_none(tmp_path: Path, kind: str):
    path = tmp_path / 'record'
    if kind == 'a terabyte':
        with open(path, 'wb') as f:
            f.truncate(1 << 40)
    else:
        {'pipe': lambda: os.mkfifo(path), 'folder': path.mkdir, 'link to zeros': lambda: path.symlink_to('/dev/zero'),
         'deep': lambda: path.write_text('{"files":' * 200_000), 'not UTF-8': lambda: path.write_bytes(b'{"\xff": 1}')}[kind]()
    assert read_json(path) is None


@pytest.mark.parametrize('what', ['pipe', 'folder', 'link'])
def test_what_lies_in_place_of_a_blob_is_set_aside(store: Store, outside: Path, what: str):
    path = _adopted(store, b'content')
    path.unlink()
    {'pipe': lambda: os.mkfifo(path), 'folder': path.mkdir, 'link': lambda: path.symlink_to(outside / 'file')}[what]()
    assert _adopted(store, b'content').read_bytes() == b'content'
    assert not path.is_symlink()


def _write(store: Store, kind: str, key: str, record: dict[str, Any]) -> None:
    """A record under a seal that holds, whatever it says."""
    path = store.record_path(kind, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(canonical_json(seal(record, kind, key)))


@pytest.mark.parametrize('files', [None, [], {'../../outside/file': ['d', 1, 0]}, {'a': None}, {'a': []},
                                   {'a': ['../..', 1, 0]}, {'/etc/passwd': [KEY, 1, 0]}, {'a': [KEY, 'x', 0]},
                                   {'\ud800': [KEY, 1, 0]}])
def test_a_tree_that_is_not_described_as_trees_are_is_none(store: Store, files: object):
    _write(store, TREE, KEY[:32], {'files': files} if files is not None else {})
    assert store.tree_files(KEY[:32]) is None


@pytest.mark.parametrize('files', [None, {}, ['x'], [['x']], [['/dev/zero', 'x']], [['{sdk}/../x', 'x']], [['{sdk}/a', 1]],
                                   [[None, None]], [['{other}/a', 'x']]])
def test_a_closure_that_leads_out_of_the_sdk_is_none(store: Store, files: object):
    _write(store, INCLUDED_FILES, KEY, {'files': files})
    assert read_included_files(store, KEY) is None


@pytest.mark.parametrize('key', [None, 3, '../../../../dev/zero', 'x' * 64])
def test_a_closure_is_only_looked_for_under_what_can_be_its_key(store: Store, key: object):
    assert read_included_files(store, key) is None


def test_a_closure_that_was_kept_is_read(store: Store):
    store.write(INCLUDED_FILES, KEY, {'files': [['{sdk}/system/a.c', 'x'], ['{cache}/sysroot/include/a.h', 'y']]})
    assert read_included_files(store, KEY) == (('{sdk}/system/a.c', 'x'), ('{cache}/sysroot/include/a.h', 'y'))


@pytest.mark.parametrize('path', ['sysroot/../../x', '/etc/x', 'sysroot//x', 'sysroot/a\\b', 'C:/x', 'sysroot/\ud800', 3,
                                  'etc/x'])
def test_paths_of_embuilders_records_stay_inside(path: object):
    assert not is_inside(path)


@pytest.mark.parametrize('change', [{'macros': 3}, {'macros': [3]}, {'places': None}, {'key': []}, {'closure': '../..'},
                                    {'digest': None}, {'size': 10 ** 40}])
def test_families_whose_records_are_of_another_shape_cost_work_and_nothing_else(fake: Emroot, change: dict[str, Any]):
    fake.build('libone')
    store = Store(fake.home / 'store')
    for path in (store.root / 'records' / 'family').rglob('*'):
        if path.is_file():
            key = ''.join(path.parts[-3:-1]) + '/' + path.name
            _write(store, 'family', key, {**(store.read('family', key) or {}), **change})
    remove_tree(store.root / 'records' / 'object')
    remove_tree(store.root / 'records' / 'archive')
    document = fake.build('libone-debug')
    assert document['modes']['wasm32']['failed'] == []
    assert document['objects']['compiled'] == 3


def test_the_proof_that_gc_and_verify_survive_records_of_any_shape(fake: Emroot):
    document = fake.build('libone')
    store = Store(fake.home / 'store')
    for number, files in enumerate([None, [], {'a': []}, {'a': None}, {'a': [1, 2]}]):
        _write(store, 'embuilder', f'{number}' * 64, {'files': files})
        _write(store, TREE, f'{number}' * 32, {'files': files})
    (store.root / 'records' / 'stray').write_text('x')
    (store.root / 'blobs' / 'stray').write_text('x')
    assert fake('gc', '--max-size', '1').code == 0
    assert fake('verify', '--json').code == 6
    assert fake('verify', '--repair').code == 0
    assert fake('verify').code == 0
    assert fake.build('libone')['cache'] == document['cache']


def test_removing_a_tree_changes_nothing_behind_a_link(tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch):
    (outside / 'file').chmod(0o600)
    (tmp_path / 'tree').mkdir()
    (tmp_path / 'tree' / 'link').symlink_to(outside / 'file')
    unlink, refused = os.unlink, []

    def refuse_once(path: str, **options: Any) -> None:
        if not refused:
            refused.append(path)
            raise PermissionError
        unlink(path, **options)
    monkeypatch.setattr(os, 'unlink', refuse_once)
    remove_tree(tmp_path / 'tree')
    assert refused
    assert (outside / 'file').stat().st_mode & 0o777 == 0o600


def test_a_cache_directory_whose_marks_say_anything_is_filled_again(fake: Emroot):
    cache = Path(fake.build('libone')['cache'])
    good = json.loads((cache / '.emroot' / 'headers.json').read_text())
    for change in ({'folders': {'': 3}}, {'folders': {'sysroot/include': [None]}}, {'folders': []}, {'headers': '../../x'},
                   {'sdk': 1}, {'sanity': []}, {'state': None}):
        (cache / '.emroot' / 'headers.json').write_text(json.dumps({**good, **change}))
        assert fake('verify').code in (0, 6)
        assert fake.build('libone')['modes']['wasm32']['failed'] == []
