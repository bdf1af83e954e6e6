"""Words of commands in quotes: for a shell, into which hints are copied; for the files from which LLVM's tools read arguments."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every command loads this
    from pathlib import Path


def write_response_file(file: Path, arguments: Iterable[str]) -> str:
    """Write arguments of a tool of LLVM that are too long for a command line; gives the argument that stands for them."""
    words = ('"' + argument.replace('\\', '\\\\').replace('"', '\\"') + '"' for argument in arguments)
    file.write_text('\n'.join(words), encoding='utf-8', errors='surrogateescape')
    return f'@{file}'


def quoted(word: str | os.PathLike[str]) -> str:
    """A word in the syntax of this system's shell."""
    text = os.fspath(word)
    if os.name == 'nt':
        from subprocess import list2cmdline
        return list2cmdline([text])
    from shlex import quote
    return quote(text)
