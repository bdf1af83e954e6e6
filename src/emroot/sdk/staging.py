"""Temporary directories next to the final path, removed in any case."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from ..host.files import make_directories, remove_tree

#: Younger directories are kept: a process may not have locked its new directory yet.
_GRACE = 60.0
_OLD = 86400.0
_NAME = re.compile(r'\..*\.\d+\.[0-9a-f]{8}\.tmp')


@contextlib.contextmanager
def staging(parent: Path, name: str) -> Iterator[Path]:
    """A new directory `.<name>.<pid>.<random>.tmp` below `parent`, removed at the end with its content.

    Its lock ends with the process. Directories of killed processes are removed first.
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
    """Remove the directories of killed processes."""
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
    """Lock a directory for the life of this process. None if another process has the lock, or locks are
    not available."""
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
