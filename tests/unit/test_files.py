"""Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emroot.host import copying, files, home


@given(contents=st.lists(st.binary(max_size=200_000), min_size=2, max_size=6))
def test_readers_see_one_whole_content_or_the_other(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]):
    path = tmp_path_factory.mktemp('atomic') / 'file'
    files.write_bytes(path, contents[0])
    seen: set[bytes] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(path.read_bytes())
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for content in contents:
        files.write_bytes(path, content)
    stop.set()
    for reader in readers:
        reader.join()
    assert seen <= set(contents)
    assert path.read_bytes() == contents[-1]
    assert os.listdir(path.parent) == ['file']


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path: Path):
    path = tmp_path / 'file'
    files.write_text(path, 'old')
    with pytest.raises(RuntimeError), files.atomic_write(path) as temporary:
        temporary.write_text('new, but only ha')
        raise RuntimeError
    assert path.read_text() == 'old'
    assert os.listdir(tmp_path) == ['file']


def test_writing_makes_the_directory(tmp_path: Path):
    files.write_text(tmp_path / 'a' / 'b' / 'file', 'x')
    assert (tmp_path / 'a' / 'b' / 'file').read_text() == 'x'


def test_line_ends_stay_as_they_are(tmp_path: Path):
    files.write_text(tmp_path / 'file', 'a\nb\r\n')
    assert (tmp_path / 'file').read_bytes() == b'a\nb\r\n'


def test_placing_replaces_what_is_there_also_if_it_is_the_same_file(tmp_path: Path):
    source, target = tmp_path / 'source', tmp_path / 'target'
    source.write_text('new')
    target.write_text('old')
    for _ in range(3):
        copying.install_file(source, target)
        assert target.read_text() == 'new'
        assert sorted(os.listdir(tmp_path)) == ['source', 'target']


@pytest.mark.skipif(os.name == 'nt', reason='copies there')
def test_placing_costs_no_space_where_there_are_hard_links(tmp_path: Path):
    (tmp_path / 'source').write_text('x')
    copying.install_file(tmp_path / 'source', tmp_path / 'target')
    assert (tmp_path / 'source').samefile(tmp_path / 'target')


@pytest.mark.parametrize('number', [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_placing_copies_where_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(os, 'link', refuse)
    (tmp_path / 'source').write_text('x')
    copying.install_file(tmp_path / 'source', tmp_path / 'target')
    assert (tmp_path / 'target').read_text() == 'x'
    assert not (tmp_path / 'source').samefile(tmp_path / 'target')


def test_a_full_disk_is_not_mistaken_for_a_lack_of_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(os, 'link', refuse)
    (tmp_path / 'source').write_text('x')
    with pytest.raises(OSError, match='No space'):
        copying.install_file(tmp_path / 'source', tmp_path / 'target')
    assert os.listdir(tmp_path) == ['source']


def test_removing_a_tree_removes_what_is_read_only(tmp_path: Path):
    top = tmp_path / 'top'
    (top / 'below').mkdir(parents=True)
    (top / 'below' / 'file').write_text('x')
    (top / 'below' / 'file').chmod(stat.S_IRUSR)
    (top / 'below').chmod(stat.S_IRUSR | stat.S_IXUSR)
    files.remove_tree(top)
    assert not top.exists()
    files.remove_tree(top)


def test_removing_what_is_not_there_is_no_error(tmp_path: Path):
    files.remove(tmp_path / 'nothing')
    with contextlib.suppress(FileNotFoundError):
        files.remove_tree(tmp_path / 'nothing')


def test_the_cache_directory_is_the_users(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr('sys.platform', 'linux')
    monkeypatch.setenv('XDG_CACHE_HOME', '/xdg')
    assert home.user_cache_dir() == Path('/xdg/emroot')
    monkeypatch.delenv('XDG_CACHE_HOME')
    assert home.user_cache_dir() == Path('~/.cache/emroot').expanduser()
