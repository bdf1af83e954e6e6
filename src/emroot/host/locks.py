"""Locks that save work and never block it: without a lock, work may be done twice."""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .files import make_directories, remove

if sys.platform == 'win32':
    import msvcrt

    def _take(descriptor: int) -> None:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EBADF, errno.EINVAL):  # what Windows says where there are no locks
                raise
            # Windows says EACCES. The C library of Wine says nothing: the number is that of whatever failed before.
            raise BlockingIOError(errno.EAGAIN, 'locked') from error
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


#: A link in the position of a lock is not followed: its target could be any file.
_FLAGS = getattr(os, 'O_CLOEXEC', 0) | getattr(os, 'O_NOFOLLOW', 0)
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class Lock(enum.Enum):
    """The outcome of `try_lock`; true only if the lock is held."""

    HELD = 'held'
    BUSY = 'busy'
    """Another process holds it."""
    NONE = 'none'
    """Locks do not work here (some network file systems, a directory that is not writable): do not wait."""

    def __bool__(self) -> bool:
        return self is Lock.HELD


@contextlib.contextmanager
def try_lock(path: Path, *, seconds: float = 0.0, discard: Callable[[Lock], bool] = lambda _: False) -> Iterator[Lock]:
    """Hold the lock at `path`, if it can be acquired within `seconds`. Yields the outcome. It belongs to the
    operating system, so it ends with its process.

    If `discard(outcome)` is true at the end of the block, the file is deleted: while the lock is held, so that
    nobody waits for a deleted file; on Windows, which cannot delete open files, right after.
    """
    gone = False
    try:
        descriptor = _open(path)
    except OSError:
        yield Lock.NONE
        return
    try:
        lock = _acquire(descriptor, seconds)
        try:
            yield lock
        finally:
            if gone := discard(lock):
                remove(path)
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        if gone and os.name == 'nt':
            remove(path)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600)
    except FileNotFoundError:
        make_directories(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600)


def _acquire(descriptor: int, seconds: float) -> Lock:
    began = time.monotonic()
    while True:
        try:
            _take(descriptor)
        except OSError as error:
            if error.errno not in _BUSY:
                return Lock.NONE
            waited = time.monotonic() - began
            if waited >= seconds:
                return Lock.BUSY
            time.sleep(min(max(0.002, waited / 32), 0.25))  # whoever waits for long looks seldom, and is late by little
        else:
            return Lock.HELD
