"""The user's files that the build of a port reads: its port file, the imports of that, sources and headers next to it.

Runs in the SDK's Python (3.8 or later), imported by `run_embuilder.py`. Python reports what it opens, lists and starts; clang
reports the headers that it reads.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

#: Kinds of access to an input.
READ, LISTED = 'read', 'listed'
#: A directory of sources that the user gave, with all its files. What was made of it stays when it is gone.
GIVEN = 'given'
#: System directories.
SYSTEM = ('/etc', '/proc', '/sys', '/dev')


def stamp(how: str, path: str) -> list[int] | None:
    """A fingerprint of an input, without reading it; None if it does not exist."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if how == GIVEN:
        return _stamp_of_all(path)
    return [found.st_size if how == READ else 0, found.st_mtime_ns]


def _stamp_of_all(directory: str) -> list[int]:
    """The sums of the sizes and of the times of all files in a directory, and of the directories that list them. What vanishes
    meanwhile makes another stamp."""
    size, times = 0, 0
    for folder, _, names in os.walk(directory):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            try:
                found = os.lstat(path)
            except OSError:
                continue
            size, times = size + (found.st_size if path != folder else 0), times + found.st_mtime_ns
    return [size, times]


def are_current(inputs: Iterable[Sequence[Any]]) -> bool:
    """Whether inputs, each with its stamp, are unchanged."""
    try:
        return all((now := stamp(how, path)) == seen or (how == GIVEN and now is None) for how, path, seen in inputs)
    except (TypeError, ValueError):  # nothing that was written here
        return False


class Inputs:
    """Watches this process and its compilers from now on. Files in `known` directories are not recorded."""

    def __init__(self, known: Iterable[str], scratch: str) -> None:
        self.known = tuple(os.path.join(os.path.realpath(path), '') for path in [*known, scratch, *SYSTEM])
        self.headers = os.path.join(scratch, 'headers-read')
        self.read: dict[str, None] = {}
        self.listed: dict[str, None] = {}
        self.written: set[str] = set()
        os.environ.update(CC_PRINT_HEADERS='1', CC_PRINT_HEADERS_FILE=self.headers)
        sys.addaudithook(self.note)

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Audit hook: called by Python before an action."""
        if event == 'open' and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(arguments[0]))
            written = set(arguments[1] or '') & set('wax+') or (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
            if written:
                self.written.add(path)
            else:
                self.read[path] = None
        elif event in ('os.listdir', 'os.scandir') and not isinstance(arguments[0], int):
            self.listed[os.path.abspath(os.fsdecode(arguments[0] or '.'))] = None
        elif event == 'subprocess.Popen' and isinstance(arguments[1], (list, tuple)):
            for word in arguments[1][1:]:
                if isinstance(word, (str, bytes, os.PathLike)):
                    self.read[os.path.abspath(os.fsdecode(word))] = None

    def files_seen(self) -> list[list[str]]:
        """`[how, path]` of each file that was read and each directory that was listed."""
        read = {_source(path): None for path in self.read}
        if os.path.isfile(self.headers):
            with open(self.headers, encoding='utf-8', errors='surrogateescape') as f:
                read.update((os.path.abspath(line.rstrip('\n')), None) for line in f)
        return [*([READ, path] for path in sorted(read) if os.path.isfile(path) and self._is_own(path)),
                *([LISTED, path] for path in sorted(self.listed) if os.path.isdir(path) and self._is_own(path))]

    def _is_own(self, path: str) -> bool:
        return path not in self.written and not os.path.join(os.path.realpath(path), '').startswith(self.known)


def _source(path: str) -> str:
    """A module's source, if Python read its compiled file."""
    return importlib.util.source_from_cache(path) if path.endswith('.pyc') and '__pycache__' in path else path
