"""Compiled modules of the SDK's programs. Python checks only their first bytes; emroot verifies the rest."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..hashing import digest_file, is_file_with
from .checked_json import read_checked_json, write_checked_json
from .files import make_directories, remove, remove_tree

#: After this number of nanoseconds a write certainly changes the modification time.
SETTLED = 2_000_000_000
Noted = Mapping[str, Any]
"""The record of each file, by its path below the directory: sha256 and stat fingerprint."""


def prepare_bytecode(directory: Path) -> Noted:
    """Create the directory, and remove files that differ from their record or have none. Returns the valid files.
    The directory is private to its owner: Python creates files according to the umask, and runs them."""
    with contextlib.suppress(OSError):  # a home that cannot be written to
        make_directories(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)
    noted = read_checked_json(_note(directory)) or {}
    there = dict(_files(directory))
    kept = {name: entry for name, path in there.items() if (entry := _as_noted(path, noted.get(name)))}
    for name in there.keys() - kept.keys():
        remove(there[name])
    if there.keys() - kept.keys() and any(name not in noted for name, _ in _files(directory)):
        remove_tree(directory)  # what cannot be removed alone: a directory instead of a file
    if kept != noted:
        write_checked_json(_note(directory), kept)
    return kept


def note_bytecode(directory: Path, known: Noted) -> None:
    """Record the files that Python has compiled since."""
    with contextlib.suppress(OSError):
        found = {name: known.get(name) or [_untouched(path), digest_file(path)]
                 for name, path in _files(directory) if name.endswith('.pyc')}
        if found != known:
            write_checked_json(_note(directory), found)


def _as_noted(path: str, entry: Any) -> list[Any] | None:
    """The new record of a file; None if it differs from its record. Read only with another stat fingerprint."""
    if not isinstance(entry, list) or len(entry) != 2:
        return None
    try:
        state = _untouched(path)
    except OSError:
        return None
    if state and state == entry[0]:
        return entry
    return [state, entry[1]] if is_file_with(path, entry[1]) else None


def _untouched(path: str) -> list[int]:
    """A stat fingerprint that changes when the file is written, replaced or restored; empty while it is too new."""
    found = os.lstat(path)
    if time.time_ns() - found.st_ctime_ns <= SETTLED:
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _files(directory: Path) -> Iterator[tuple[str, str]]:
    """(relative path, path) of each file below the directory."""
    top = str(directory)
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            yield path[len(top) + 1:], path


def _note(directory: Path) -> Path:
    return directory.with_name(f'{directory.name}.json')
