"""The SDK's Python modules, kept compiled. Python believes such a file if its first bytes are right: emroot looks at the rest."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from .canonical import is_file_with
from .facts import read_fact, write_fact
from .files import make_directories, remove, remove_tree

Digests = Mapping[str, str]
"""The sha256 of each file, by its path below the directory."""


def prepare_bytecode(directory: Path) -> Digests:
    """Make the directory, and remove what is not as it was noted (and what nobody noted); what is there then.

    It is its owner's alone: Python makes what is in it as the umask says, and runs it. At a pipe there it would wait.
    """
    with contextlib.suppress(OSError):  # a home that cannot be written to
        make_directories(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)
    noted = read_fact(_note(directory)) or {}
    for name in _files(directory):
        if name not in noted or not is_file_with(directory / name, noted[name]):
            remove(directory / name)
    if any(name not in noted for name in _files(directory)):
        remove_tree(directory)  # what cannot be removed alone: a directory in place of a file
    return noted


def note_bytecode(directory: Path, known: Digests) -> None:
    """Note what Python has compiled since. Where two did at once, one of them may be compiled again."""
    from .canonical import digest_file
    with contextlib.suppress(OSError):
        found = {name: known.get(name) or digest_file(directory / name) for name in _files(directory) if name.endswith('.pyc')}
        if found != known:
            write_fact(_note(directory), found)


def _files(directory: Path) -> list[str]:
    return [os.path.relpath(os.path.join(folder, name), directory) for folder, _, names in os.walk(directory) for name in names]


def _note(directory: Path) -> Path:
    return directory.with_name(f'{directory.name}.json')
