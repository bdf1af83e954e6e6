"""Trees: directories that are made once, and their verification."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..hashing import Record, digest_file
from .records import is_below, is_digest

Described = Sequence[object]
"""A file's sha256, size in bytes, and time of change in nanoseconds."""


def described_files(record: Record | None) -> dict[str, Described] | None:
    """The files in a tree's record, by path; None if it is invalid or a path leads outside."""
    files = record.get('files') if record else None
    if not isinstance(files, dict) or not all(
            is_below(path) and isinstance(entry, list) and len(entry) == 3 and is_digest(entry[0])
            and isinstance(entry[1], int) and isinstance(entry[2], int) for path, entry in files.items()):
        return None
    return files


def list_files(directory: Path) -> list[str]:
    """The path of every file below a directory, with forward slashes, sorted."""
    start = len(str(directory)) + 1
    return sorted(os.path.join(folder, name)[start:].replace(os.sep, '/') for folder, _, names in os.walk(directory)
                  for name in names)


def describe_files(directory: Path, paths: Iterable[str]) -> dict[str, Described]:
    """Digest, size and time of files below a directory, for a record."""
    found: dict[str, Described] = {}
    for path in paths:
        file = f'{directory}/{path}'
        about = os.lstat(file)
        found[path] = [digest_file(file), about.st_size, about.st_mtime_ns]
    return found


def is_complete(directory: Path, files: Mapping[str, Described], *, read: bool = False) -> bool:
    """Whether a directory has these files. One with another time is read; with `read`, all are."""
    try:
        for path, (digest, size, time) in files.items():
            found = os.lstat(f'{directory}/{path}')
            if found.st_size != size or not stat.S_ISREG(found.st_mode) or not found.st_mode & stat.S_IRUSR:
                return False
            if (read or found.st_mtime_ns != time) and digest_file(f'{directory}/{path}') != digest:
                return False
    except OSError:
        return False
    return True
