"""The store: whole files by content, records by key, and what killed processes leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.running import plain_environment

from emroot.errors import StoreError
from emroot.hashing import digest_bytes
from emroot.store import Blob, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / 'store') as opened:
        yield opened


def _new_file(store: Store, content: bytes) -> Path:
    path = store.scratch() / 'new'
    path.write_bytes(content)
    return path


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


def test_a_tree_is_made_once(store: Store):
    made = []

    def make(directory: Path) -> None:
        made.append(directory)
        (directory / 'file').write_text('x')
    first = store.tree('key', make)
    assert store.tree('key', make) == first
    assert len(made) == 1
    assert (first / 'file').read_text() == 'x'


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
