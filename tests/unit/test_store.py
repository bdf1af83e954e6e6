"""The store: whole files by content, records by key, and what killed processes leave."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.running import plain_environment

from emroot.errors import StoreError
from emroot.hashing import digest_bytes
from emroot.host.files import remove_tree
from emroot.schemas import STORE
from emroot.store import Blob, Store
from emroot.store.blobs import OWN_KINDS, TREE
from emroot.store.format import FOLDERS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / 'store') as opened:
        yield opened


def _new_file(store: Store, content: bytes) -> Path:
    path = store.scratch() / 'new'
    path.write_bytes(content)
    return path


def test_everything_lies_where_the_documentation_says(tmp_path: Path):
    with Store(tmp_path / 'store') as store:
        digest = store.add_file(_new_file(store, b'content')).digest
        store.write('object', 'ab' * 32, {'digest': digest})
        store.tree('key', lambda directory: (directory / 'file').touch())
        with store.compile_lock('ab' * 32):
            pass
        store.quarantine(digest)
        found = {path.relative_to(store.root).as_posix() for path in store.root.rglob('*')}
        [process] = [name for name in found if name.startswith('tmp/') and not name.endswith('.lock')]
        [damaged] = [name for name in found if name.startswith('damaged/')]
    assert {'VERSION', f'blobs/{digest[:2]}', 'records/object/ab/' + 'ab' * 31, 'records/tree/ke/y', 'trees/key/file',
            'locks/compile-aba', 'locks/tree-key', f'{process}.lock'} < found
    assert {name.partition('/')[0] for name in found} == {'VERSION', 'blobs', 'records', 'trees', 'tmp', 'locks', 'damaged'}
    assert {*FOLDERS} == {path.name for path in store.root.iterdir()} - {'VERSION'}, 'of which none may be a link'
    assert damaged.startswith(f'damaged/{digest}-') and (store.root / damaged).read_bytes() == b'content'
    assert (store.root / 'VERSION').read_text() == f'{STORE}\n'


@pytest.mark.skipif(os.name == 'nt', reason='permissions are another thing there')
def test_a_new_store_is_its_users_alone(store: Store):
    assert store.root.stat().st_mode & 0o777 == 0o700


@given(contents=st.lists(st.binary(max_size=2000), min_size=1, max_size=5))
def test_adopting_is_idempotent_and_by_content(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]):
    with Store(tmp_path_factory.mktemp('store')) as store:
        for content in [*contents, *reversed(contents)]:
            file = _new_file(store, content)
            blob = store.add_file(file)
            assert not file.exists()
            assert (blob.digest, blob.size) == (digest_bytes(content), len(content))
            assert store.has(blob)
            assert store.path(blob.digest).read_bytes() == content
        assert len(list((store.root / 'blobs').glob('*/*'))) == len(set(contents))


def test_blobs_are_read_only(store: Store):
    blob = store.add_file(_new_file(store, b'content'))
    assert store.path(blob.digest).stat().st_mode & 0o222 == 0


def test_a_blob_that_was_cut_short_is_not_there_and_is_mended_by_the_next(store: Store):
    blob = store.add_file(_new_file(store, b'content'))
    store.path(blob.digest).chmod(0o644)
    store.path(blob.digest).write_bytes(b'con')
    assert not store.has(blob)
    assert store.add_file(_new_file(store, b'content')) == blob
    assert store.path(blob.digest).read_bytes() == b'content'


@pytest.mark.parametrize(('content', 'size'), [(b'CONTENT', 7), (b'content and more', 7), (b'content', 8)])
def test_what_is_not_as_its_name_and_its_record_say_is_set_aside(store: Store, content: bytes, size: int):
    blob = store.add_file(_new_file(store, b'content'))
    path = store.path(blob.digest)
    path.chmod(0o644)
    path.write_bytes(content)
    assert not store.has(Blob(blob.digest, size))
    assert not path.exists()
    [aside] = (store.root / 'damaged').iterdir()
    assert aside.name.startswith(blob.digest) and aside.read_bytes() == content
    assert not store.has(blob), 'nor is it there when it is asked for again'


def test_what_is_there_already_stays_as_it_is(store: Store):
    blob = store.add_file(_new_file(store, b'content'))
    before = store.path(blob.digest).stat()
    file = _new_file(store, b'content')
    assert store.add_file(file, blob.digest) == blob and not file.exists()
    assert store.path(blob.digest).stat().st_ino == before.st_ino


def test_a_file_that_is_not_there_is_an_error_of_the_store(store: Store):
    for digest in (None, digest_bytes(b'content')):
        with pytest.raises(StoreError, match='adding to the store'):
            store.add_file(store.scratch() / 'none', digest)


@pytest.mark.parametrize('folder', ['blobs', 'records'])
def test_folders_that_somebody_deleted_are_made_again(store: Store, folder: str):
    for _ in range(2):
        blob = store.add_file(_new_file(store, b'content'))
        store.write('object', 'ab' * 32, {'digest': blob.digest})
        assert store.has(blob) and store.read('object', 'ab' * 32) == {'digest': blob.digest}
        remove_tree(store.root / folder)


def test_a_record_is_written_by_way_of_this_processes_own_directory(store: Store, monkeypatch: pytest.MonkeyPatch):
    """What is left of a process that was killed meanwhile is swept by the next."""
    came_from, replace = [], os.replace

    def note(source: Path, target: Path) -> None:
        came_from.append(Path(source).parent)
        replace(source, target)
    monkeypatch.setattr(os, 'replace', note)
    store.write('object', 'ab' * 32, {'digest': 'x'})
    assert came_from == [store.scratch()] and list(store.scratch().iterdir()) == []


def test_all_records_of_a_family_come_in_the_order_of_their_names(store: Store):
    family = 'ab' * 32
    for name in ('two', 'one', 'three'):
        store.write('family', f'{family}/{name}', {'name': name})
    store.write('family', f'{"ac" * 32}/four', {'name': 'four'})
    folder = store.record_path('family', f'{family}/one').parent
    (folder / '.one.1.ab.tmp').write_text('half')
    (folder / 'damaged').write_text('{}')
    assert [record['name'] for record in store.read_all('family', family)] == ['one', 'three', 'two']
    assert store.read_all('family', 'ad' * 32) == store.read_all('object', family) == []


def test_a_record_that_was_of_use_has_the_time_of_that(store: Store):
    for kind in ('object', 'archive'):
        store.write(kind, 'ab' * 32, {})
        os.utime(store.record_path(kind, 'ab' * 32), (1, 1))
    store.mark_used('object', 'ab' * 32)
    store.mark_used('object', 'cd' * 32)
    assert abs(store.record_path('object', 'ab' * 32).stat().st_mtime - time.time()) < 60
    assert store.record_path('archive', 'ab' * 32).stat().st_mtime == 1
    assert not store.record_path('object', 'cd' * 32).exists()


def test_results_that_came_by_a_project_are_for_builds_that_name_the_same(store: Store):
    own, same, another = (Store(store.root, origin) for origin in ('one', 'one', 'other'))
    with own, same, another:
        own.write('archive', 'ab' * 32, {'digest': 'theirs'})
        assert same.read('archive', 'ab' * 32) == {'digest': 'theirs'}
        assert another.read('archive', 'ab' * 32) is store.read('archive', 'ab' * 32) is None
        assert own.record_path('archive', 'ab' * 32).relative_to(store.root).parts[:2] == ('records', 'archive@one')
        os.utime(own.record_path('archive', 'ab' * 32), (1, 1))
        own.mark_used('archive', 'ab' * 32)
        assert own.record_path('archive', 'ab' * 32).stat().st_mtime > 1
        store.write('archive', 'ab' * 32, {'digest': 'built here'})
        for each in (store, own, another):
            assert each.read('archive', 'ab' * 32) == {'digest': 'built here'}, 'what users built themselves comes first'
            assert each.record_path('archive', 'ab' * 32) == store.record_path('archive', 'ab' * 32)


def test_what_depends_on_the_sdk_and_on_compiles_alone_is_for_all(store: Store):
    assert {TREE, 'object', 'family', 'closure'} == OWN_KINDS
    with Store(store.root, 'one') as one:
        for kind in OWN_KINDS:
            one.write(kind, 'ab' * 32, {'kind': kind})
            assert store.read(kind, 'ab' * 32) == {'kind': kind}


def test_a_record_of_another_key_or_kind_or_with_another_word_is_none(store: Store):
    store.write('object', 'ab' * 32, {'digest': 'x', 'size': 1})
    text = store.record_path('object', 'ab' * 32).read_text()
    for kind, key, said in (('object', 'cd' * 32, text), ('archive', 'ab' * 32, text),
                            ('object', 'ab' * 32, text.replace('"size":1', '"size":2')),
                            ('object', 'ab' * 32, json.dumps({**json.loads(text), 'more': 1}))):
        path = store.record_path(kind, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said)
        assert store.read(kind, key) is None
    store.record_path('object', 'ab' * 32).write_text(text)
    assert store.read('object', 'ab' * 32) == {'digest': 'x', 'size': 1}


def test_a_record_is_what_was_kept_under_its_key(store: Store):
    assert store.read('object', 'ab' * 32) is None
    store.write('object', 'ab' * 32, {'digest': 'x', 'size': 1})
    assert store.read('object', 'ab' * 32) == {'digest': 'x', 'size': 1}
    assert store.read('archive', 'ab' * 32) is None


@pytest.mark.parametrize('content', ['', '{"digest": "x', '[]', '\0\0\0\0'])
def test_a_record_that_cannot_be_read_is_none(store: Store, content: str):
    path = store.record_path('object', 'ab' * 32)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert store.read('object', 'ab' * 32) is None


def test_a_store_of_another_format_is_refused_with_what_to_do(tmp_path: Path):
    (tmp_path / 'VERSION').write_text('999\n')
    with pytest.raises(StoreError) as caught, Store(tmp_path):
        pass
    assert "'999'" in caught.value.message
    assert 'EMROOT_HOME' in caught.value.hint


def test_a_store_that_cannot_be_looked_at_is_an_error(tmp_path: Path):
    (tmp_path / 'file').touch()
    with pytest.raises(StoreError, match='while preparing the store'), Store(tmp_path / 'file' / 'store'):
        pass


@pytest.mark.parametrize('step', ['make_directories', 'write_text'])
def test_a_store_that_cannot_be_made_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(f'emroot.store.format.{step}', refuse)
    with pytest.raises(StoreError, match='no space left while preparing the store'), Store(tmp_path / 'store'):
        pass


def test_closing_leaves_nothing_in_flight(tmp_path: Path):
    with Store(tmp_path) as store:
        (store.scratch() / 'something').write_text('x')
    assert list((tmp_path / 'tmp').iterdir()) == []


@pytest.mark.skipif(os.name == 'nt', reason='SIGKILL is not to be had there')
def test_what_a_killed_process_left_in_flight_is_swept_by_the_next_and_nothing_else(tmp_path: Path):
    program = 'import sys, time; from pathlib import Path; from emroot.store import Store; s = Store(Path(sys.argv[1])); ' \
              's.prepare(); (s.scratch() / "left").write_text("x"); print("ready", flush=True); time.sleep(60)'
    command = [sys.executable, '-c', program, str(tmp_path)]
    env = plain_environment()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as killed, \
            subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as living:
        assert killed.stdout is not None and living.stdout is not None
        killed.stdout.readline(), living.stdout.readline()
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        with Store(tmp_path) as store:
            store.scratch()
            left = [p.name for p in (tmp_path / 'tmp').glob(f'{killed.pid}-*')]
            kept = [p.name for p in (tmp_path / 'tmp').glob(f'{living.pid}-*/left')]
        living.kill()
    assert left == []
    assert kept == ['left']


@pytest.mark.parametrize(('digest', 'size'), [('0' * 63, 1), (None, 1), ('0' * 64, '1'), ('0' * 64, -1), ('0' * 64, None)])
def test_what_can_be_no_digest_or_no_size_names_no_blob(digest: object, size: object):
    assert Blob.of('0' * 64, 0) == Blob('0' * 64, 0)
    assert Blob.of(digest, size) is None
