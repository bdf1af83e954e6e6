"""Files in flight: what a killed process left is swept, what a living one is at is not."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from emroot.cache_directory.placement import copy_tree
from emroot.errors import StoreError
from emroot.host import files
from emroot.host.locks import Lock, try_lock
from emroot.host.scratch import FORGOTTEN, Scratch, running_since, staging, sweep

LONG_AGO = 1_000_000_000


def _left(top: Path, *, lock: bool = True, age: float = 0.0) -> Path:
    """What a killed process leaves."""
    directory = top / '1-abcd'
    directory.mkdir(parents=True)
    (directory / 'half').write_text('x')
    if lock:
        directory.with_name('1-abcd.lock').touch()
    os.utime(directory, (time.time() - age, time.time() - age))
    return directory


def test_what_a_killed_process_left_goes_with_its_lock_when_the_next_one_starts(tmp_path: Path):
    _left(tmp_path)
    scratch = Scratch(tmp_path)
    mine = scratch.directory()
    assert sorted(p.name for p in tmp_path.iterdir()) == [mine.name, f'{mine.name}.lock']
    scratch.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_is_at_stays(tmp_path: Path):
    living = Scratch(tmp_path)
    (living.directory() / 'x').write_text('x')
    sweep(tmp_path)
    assert (living.directory() / 'x').exists()
    living.close()


@pytest.mark.parametrize(('age', 'stays'), [(0, True), (files.SLACK + 1, False)])
def test_a_lock_without_a_directory_goes_unless_somebody_may_be_about_to_make_that(tmp_path: Path, age: float, stays: bool):
    (tmp_path / '1-abcd.lock').touch()
    os.utime(tmp_path / '1-abcd.lock', (time.time() - age, time.time() - age))
    sweep(tmp_path)
    assert (tmp_path / '1-abcd.lock').exists() == stays


@pytest.mark.parametrize(('age', 'stays'), [(3600, True), (FORGOTTEN + 1, False), (-FORGOTTEN - 1, False)])
def test_where_there_are_no_locks_age_tells(tmp_path: Path, age: float, stays: bool):
    directory = _left(tmp_path, lock=False, age=age)
    sweep(tmp_path)
    assert directory.exists() == stays


def test_a_directory_that_could_not_be_removed_keeps_its_lock_so_that_it_is_swept_the_next_time(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A compiler that outlives its emroot may write there while it is removed."""
    directory = _left(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr('emroot.host.scratch.remove_tree', lambda path: None)
        sweep(tmp_path)
    assert directory.with_name('1-abcd.lock').exists()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_build_runs_since_it_took_its_lock_whatever_it_has_written_since(tmp_path: Path):
    scratch = Scratch(tmp_path)
    lock = scratch.directory().with_name(f'{scratch.directory().name}.lock')
    os.utime(lock, (LONG_AGO, LONG_AGO))
    (scratch.directory() / 'new').write_text('x')
    assert list(running_since(tmp_path)) == [LONG_AGO]
    scratch.close()
    assert list(running_since(tmp_path)) == []


@pytest.mark.parametrize(('age', 'runs'), [(3600, True), (FORGOTTEN + 1, False)])
def test_where_locks_do_not_work_who_runs_is_told_by_the_age_of_what_is_there(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: float, runs: bool):
    directory = _left(tmp_path, age=age)
    os.utime(directory.with_name('1-abcd.lock'), (LONG_AGO, LONG_AGO))
    monkeypatch.setattr('emroot.host.scratch.try_lock', _no_locks)
    assert list(running_since(tmp_path)) == [LONG_AGO] * runs
    sweep(tmp_path)
    assert directory.exists() == runs


@contextlib.contextmanager
def _no_locks(path: Path, *, discard: Callable[[Lock], bool] = lambda _: False) -> Iterator[Lock]:
    yield Lock.NONE


def test_a_process_whose_lock_nobody_holds_does_not_run(tmp_path: Path):
    _left(tmp_path)
    assert list(running_since(tmp_path)) == []


@pytest.mark.parametrize('left', ['1-abcd', '1-abcd.lock'])
def test_a_directory_or_a_lock_alone_is_no_process_that_runs(tmp_path: Path, left: str):
    """Where the lock is missing, none could be made; where the directory is, it is about to be."""
    (tmp_path / left).mkdir() if left == '1-abcd' else (tmp_path / left).touch()
    assert list(running_since(tmp_path)) == []


def test_there_is_one_directory_until_it_is_closed(tmp_path: Path):
    scratch = Scratch(tmp_path / 'top')
    first = scratch.directory()
    assert scratch.directory() == first and first.is_dir() and first.parent == tmp_path / 'top'
    assert first.name.startswith(f'{os.getpid()}-')
    scratch.close()
    scratch.close()
    assert scratch.directory() != first and not first.exists()
    scratch.close()


def test_without_a_request_nothing_is_made(tmp_path: Path):
    Scratch(tmp_path / 'top').close()
    assert not (tmp_path / 'top').exists()


def test_a_directory_that_cannot_be_made_is_an_error_and_holds_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    monkeypatch.setattr('emroot.host.scratch.make_directories', refuse)
    with pytest.raises(StoreError, match='preparing'):
        Scratch(tmp_path).directory()
    for lock in tmp_path.glob('*.lock'):
        with try_lock(lock) as held:
            assert held


def test_what_is_staged_for_a_directory_lies_in_it_and_is_gone_at_the_end(tmp_path: Path):
    with staging(tmp_path / 'new') as directory:
        (directory / 'half').write_text('x')
        assert tmp_path / 'new' in directory.parents
    assert list((tmp_path / 'new').iterdir()) == []


def test_who_is_done_staging_leaves_what_others_stage(tmp_path: Path):
    with staging(tmp_path) as one:
        with pytest.raises(ZeroDivisionError), staging(tmp_path) as other:
            raise ZeroDivisionError
        assert one.is_dir() and not other.exists()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path):
    (tmp_path / 'lock').symlink_to(tmp_path / 'outside')
    with try_lock(tmp_path / 'lock') as held:
        assert held is Lock.NONE
    assert not (tmp_path / 'outside').exists()


def test_writing_by_way_of_a_directory_on_another_disk_still_puts_the_whole_file_there(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        replace(source, target)
    monkeypatch.setattr(os, 'replace', refuse)
    (tmp_path / 'aside').mkdir()
    files.write_text(tmp_path / 'there' / 'file', 'x', aside=tmp_path / 'aside')
    assert (tmp_path / 'there' / 'file').read_text() == 'x'
    assert os.listdir(tmp_path / 'there') == ['file'] and os.listdir(tmp_path / 'aside') == []


def test_temporary_files_of_killed_processes_are_told_from_those_of_now(tmp_path: Path):
    for name in ('.old.1.ab.tmp', '.new.1.ab.tmp', 'file'):
        (tmp_path / name).write_text('x')
    for name in ('.old.1.ab.tmp', 'file'):
        os.utime(tmp_path / name, (LONG_AGO, LONG_AGO))
    assert [path.name for path in files.is_stale(tmp_path)] == ['.old.1.ab.tmp']


@pytest.mark.skipif(os.name == 'nt', reason='copies there')
def test_a_new_hard_link_to_something_old_is_not_taken_for_abandoned(tmp_path: Path):
    (tmp_path / 'old').write_text('x')
    os.utime(tmp_path / 'old', (LONG_AGO, LONG_AGO))
    os.link(tmp_path / 'old', tmp_path / '.new.1.ab.tmp')
    assert list(files.is_stale(tmp_path)) == []


@pytest.mark.parametrize('there', [False, True])
def test_headers_appear_whole_and_the_stamp_after_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool):
    source, target = tmp_path / 'source', tmp_path / 'target'
    (source / 'sysroot' / 'include').mkdir(parents=True)
    (source / 'sysroot' / 'include' / 'stdio.h').write_text('int puts(const char*);')
    (source / 'stamp').write_text('x')
    for folder in (tmp_path / 'aside', target / 'sysroot' / 'include' if there else target):
        folder.mkdir(parents=True)
    appeared = []
    rename, replace = os.rename, os.replace

    def note(move: Callable[[Path, Path], None], origin: Path, goal: Path) -> None:
        move(origin, goal)
        assert all(path.read_text() for path in target.rglob('*') if path.is_file())
        appeared.append(os.path.basename(goal))
    monkeypatch.setattr(os, 'rename', partial(note, rename))
    monkeypatch.setattr(os, 'replace', partial(note, replace))
    copy_tree(source, target, aside=tmp_path / 'aside')
    assert appeared == ['stdio.h' if there else 'sysroot', 'stamp']
    assert (target / 'sysroot' / 'include' / 'stdio.h').read_text() == 'int puts(const char*);'


def test_what_lies_behind_a_link_or_has_another_name_is_not_swept(tmp_path: Path):
    outside, top = tmp_path / 'outside', tmp_path / 'tmp'
    for name in ('1-abcd', 'photographs'):
        (outside / name).mkdir(parents=True)
        os.utime(outside / name, (0, 0))
        (outside / f'{name}.lock').touch()
    before = sorted(outside.rglob('*'))
    top.symlink_to(outside)
    sweep(top)
    assert sorted(outside.rglob('*')) == before
    sweep(outside)
    assert sorted(path.name for path in outside.iterdir()) == ['photographs', 'photographs.lock']
