"""The SDK's Python modules, kept compiled. Python believes such a file if its first bytes are right: emroot looks at the rest."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..hashing import digest_file, is_file_with
from ..host.checked_json import read_checked_json, write_checked_json
from ..host.files import make_directories, remove, remove_tree

#: Nanoseconds after which a file that is written to is sure to get another time than it had.
SETTLED = 2_000_000_000
Noted = Mapping[str, Any]
"""What is known of each file, by its path below the directory: its sha256, and what tells that it was not touched since."""


def prepare_bytecode(directory: Path) -> Noted:
    """Make the directory, and remove what is not as it was noted (and what nobody noted); what is there then.

    It is its owner's alone: Python makes what is in it as the umask says, and runs it. At a pipe there it would wait.
    """
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
    """Note what Python has compiled since. Where two did at once, one of them may be compiled again."""
    with contextlib.suppress(OSError):
        found = {name: known.get(name) or [_untouched(path), digest_file(path)]
                 for name, path in _files(directory) if name.endswith('.pyc')}
        if found != known:
            write_checked_json(_note(directory), found)


def _as_noted(path: str, entry: Any) -> list[Any] | None:
    """What is to be noted of a file from now on; None if it is not what was noted. Only one that was touched, or copied with its
    home, is read."""
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
    """What is another once a file is written to, replaced or put back, whatever time it is given; nothing while it is too new to
    tell."""
    found = os.lstat(path)
    if time.time_ns() - found.st_ctime_ns <= SETTLED:
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _files(directory: Path) -> Iterator[tuple[str, str]]:
    """Each file below the directory: its path from there, and its path."""
    top = str(directory)
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            yield path[len(top) + 1:], path


def _note(directory: Path) -> Path:
    return directory.with_name(f'{directory.name}.json')
