"""Building aside: a directory beside the final location, that goes away whatever happens."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from ..host.files import make_directories, remove_tree

#: Younger ones are left alone: between making the directory and locking it somebody is at work without a lock.
_GRACE = 60.0
_OLD = 86400.0
_NAME = re.compile(r'\..*\.\d+\.[0-9a-f]{8}\.tmp')


@contextlib.contextmanager
def staging(parent: Path, name: str) -> Iterator[Path]:
    """A new directory `.<name>.<pid>.<random>.tmp` below `parent`, removed at the end with what is still in it.

    Whoever holds it holds a lock on it, which ends with the process: those of killed processes are removed first.
    """
    make_directories(parent)
    clean(parent)
    work = parent / f'.{name[:80]}.{os.getpid()}.{secrets.token_hex(4)}.tmp'
    work.mkdir()
    held = _lock(work)
    try:
        yield work
    finally:
        remove_tree(work)
        if held is not None:
            os.close(held)


def clean(parent: Path) -> None:
    """Remove what killed processes left behind."""
    for path in parent.iterdir():
        if not _NAME.fullmatch(path.name) or not path.is_dir():
            continue
        try:
            age = time.time() - path.stat().st_mtime
        except OSError:
            continue
        if age < _GRACE:
            continue
        held = _lock(path)
        if held is not None:
            remove_tree(path)
            os.close(held)
        elif os.name == 'nt' and age > _OLD:
            remove_tree(path)


def _lock(directory: Path) -> int | None:
    """Lock a directory for the life of this process. None if somebody has it, or where that is not possible."""
    try:
        import fcntl
    except ImportError:  # Windows: age decides
        return None
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
