"""Copies and hard links of files; copies share their blocks where the file system can."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

from .files import BINARY, COPIED, CREATE, atomic_write

#: The minimum size in bytes for which sharing of blocks is worth a system call.
WORTH_SHARING = 1 << 16
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES, getattr(errno, 'ENOSYS', 38)}


def install_file(source: Path, target: Path, *, linked: bool = True, aside: Path | None = None) -> None:
    """`link_or_copy`, atomically (see `atomic_write` for `aside`)."""
    with atomic_write(target, aside) as temporary:
        link_or_copy(source, temporary, linked=linked)
        if not os.path.lexists(temporary):
            raise FileNotFoundError(errno.ENOENT, 'vanished while it was installed', str(temporary))


def link_or_copy(source: Path | str, target: Path | str, *, linked: bool = True) -> None:
    """Hard-link `source` to `target`, which must not exist; copy it if not `linked` or not possible."""
    if not (linked and hard_link(source, target)):
        copy(source, target)


def copy(source: Path | str, target: Path | str) -> None:
    """Copy `source` to `target`, which must not exist; the copy is writable by its owner only."""
    if clone(source, target):
        os.chmod(target, COPIED)
        return
    origin = os.open(source, os.O_RDONLY | BINARY)
    try:
        copied = os.open(target, CREATE, COPIED)
        try:
            if os.fstat(origin).st_size < WORTH_SHARING or not _copy_range(origin, copied):
                while data := os.read(origin, 1 << 20):
                    while data := data[os.write(copied, data):]:
                        pass
        finally:
            os.close(copied)
    finally:
        os.close(origin)


def _copy_range(origin: int, copied: int) -> bool:
    """Copy a whole file with copy_file_range, which may share blocks. False if it is not supported."""
    if not hasattr(os, 'copy_file_range'):
        return False
    began = False
    try:
        while os.copy_file_range(origin, copied, 1 << 30):
            began = True
    except OSError:
        if began:  # it could: the disk is full, or fails
            raise
    return began


def have_same_content(one: Path | str, other: Path | str) -> bool:
    """Whether both are regular files, readable by their owner, with the same content."""
    try:
        found = [os.lstat(path) for path in (one, other)]
        if found[0].st_size != found[1].st_size or not all(stat.S_ISREG(f.st_mode) and f.st_mode & stat.S_IRUSR for f in found):
            return False
        with open(one, 'rb') as first, open(other, 'rb') as second:
            while block := first.read(1 << 20):
                if block != second.read(1 << 20):
                    return False
    except OSError:
        return False
    return True


def hard_link(source: Path | str, target: Path | str) -> bool:
    """Hard-link `source` to `target`, which must not exist. False if links are not possible."""
    if os.name == 'nt':
        return False
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        return False
    return True


def clone(source: Path | str, target: Path | str) -> bool:
    """Clone a file on macOS: it takes no space until one is changed. False if it is not supported."""
    if sys.platform != 'darwin':
        return False
    import ctypes
    try:
        clonefile = ctypes.CDLL(None).clonefile
    except (OSError, AttributeError):  # before macOS 10.12
        return False
    return bool(clonefile(os.fsencode(source), os.fsencode(target), 0) == 0)
