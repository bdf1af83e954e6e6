"""Locks that save work and never stop it: one that cannot be had means doing the work twice, not failing."""

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


#: A link instead of a lock is not followed: the file that it leads to may belong to anything.
_FLAGS = getattr(os, 'O_CLOEXEC', 0) | getattr(os, 'O_NOFOLLOW', 0)
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class Lock(enum.Enum):
    """What came of trying to lock; true only if it is held."""

    HELD = 'held'
    BUSY = 'busy'
    """Somebody else holds it."""
    NONE = 'none'
    """There are no locks here (some network file systems, a directory that cannot be written to): do not wait."""

    def __bool__(self) -> bool:
        return self is Lock.HELD


@contextlib.contextmanager
def try_lock(path: Path, *, seconds: float = 0.0, discard: Callable[[Lock], bool] = lambda _: False) -> Iterator[Lock]:
    """Hold the lock at `path` if it can be had within `seconds`; yields whether it is held.

    If `discard` says so when the block has ended, the file is deleted: while the lock is held, so that nobody waits for a file
    that is gone; on Windows, where what is open cannot be deleted, right after.

    The lock is the operating system's, so it ends with its process however that ends; the file itself means nothing.
    Where locks do not work (some network file systems) it is never held, and the work is simply done.
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
