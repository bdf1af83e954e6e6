"""Unfinished files: a directory per process next to the lock that it holds, so that leftovers of killed processes
are known.

TOP/PID-HEX/ the unfinished files; renamed to their final path when they are complete TOP/PID-HEX.lock held as
long as the process lives; its time is the start of that process
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..errors import from_os_error
from .files import SLACK, list_names, make_directories, remove, remove_tree, stat_if_there
from .locks import Lock, try_lock

#: The format of names in `Scratch.directory`.
_NAME = r'\d+-[0-9a-f]+'
#: Without working locks, a directory of this age in seconds is a leftover.
FORGOTTEN = 86400.0


class Scratch:
    """One process's directory for unfinished files below `top`, created at the first request."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._directory: Path | None = None
        self._lock = contextlib.ExitStack()
        self._creating = threading.Lock()

    def directory(self) -> Path:
        """The directory. Leftovers of killed processes are removed. Raises `StoreError` if it cannot be created."""
        with self._creating:  # several workers may want it first
            if self._directory is None:
                sweep(self._top)
                directory = self._top / f'{os.getpid()}-{os.urandom(4).hex()}'
                with contextlib.ExitStack() as stack:
                    # Locked before it is there, so that no other process's sweep finds it unlocked.
                    stack.enter_context(try_lock(_lock_of(directory)))
                    try:
                        make_directories(directory)
                    except OSError as error:
                        raise from_os_error(error, f'preparing {self._top}') from error
                    self._lock = stack.pop_all()
                self._directory = directory
            return self._directory

    def close(self) -> None:
        if self._directory is not None:
            remove_tree(self._directory)
            self._lock.close()
            remove(_lock_of(self._directory))
            self._directory = None


@contextlib.contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """A directory in which something for `parent` is made, removed at the end. Raises `OSError`."""
    top = parent / '.emroot.tmp'
    make_directories(top)
    try:
        with contextlib.closing(Scratch(top)) as scratch:
            yield scratch.directory()
    finally:
        with contextlib.suppress(OSError):  # others are at work there
            os.rmdir(top)


def sweep(top: Path) -> None:
    """Remove the directories of killed processes: those whose lock nobody holds."""
    now = time.time()
    for directory in _left(top):
        lock = _lock_of(directory)
        if not directory.is_dir():
            if abs(now - changed_at(lock)) < SLACK:
                continue  # somebody is about to make the directory
        elif not lock.exists() and abs(now - changed_at(directory)) < FORGOTTEN:
            continue  # on a disk where no lock could be made
        # A compiler that outlived its emroot may still write there: next time.
        with try_lock(lock, discard=partial(_is_swept, directory)) as held:
            if held or (held is Lock.NONE and abs(now - changed_at(directory)) > FORGOTTEN):
                remove_tree(directory)


def _is_swept(directory: Path, lock: Lock) -> bool:
    return lock is not Lock.BUSY and not os.path.lexists(directory)


def running_since(top: Path) -> Iterator[float]:
    """The start of each process that has unfinished files now, in seconds since 1970."""
    now = time.time()
    for directory in _left(top):
        lock = _lock_of(directory)
        if lock.exists() and directory.is_dir():
            with try_lock(lock) as held:
                if held is Lock.BUSY or (held is Lock.NONE and abs(now - changed_at(directory)) < FORGOTTEN):
                    yield changed_at(lock)


def _left(top: Path) -> list[Path]:
    """The directories of processes, also those of which only the lock exists. Links are ignored."""
    names = dict.fromkeys(name.removesuffix('.lock') for name in list_names(top)) if not os.path.islink(top) else ()
    return [top / name for name in names if re.fullmatch(_NAME, name)]


def _lock_of(directory: Path) -> Path:
    return directory.with_name(f'{directory.name}.lock')


def changed_at(path: Path) -> float:
    """When a file or directory was changed, in seconds since 1970; 0 if it is not there."""
    found = stat_if_there(path)
    return found.st_mtime if found else 0.0
