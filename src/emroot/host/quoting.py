"""Words of commands that hints show: they are copied into a shell, so a path with a space or a `$` stands in quotes."""

from __future__ import annotations

import os


def quoted(word: str | os.PathLike[str]) -> str:
    """A word as the shell of this system takes it."""
    text = os.fspath(word)
    if os.name == 'nt':
        from subprocess import list2cmdline
        return list2cmdline([text])
    from shlex import quote
    return quote(text)
