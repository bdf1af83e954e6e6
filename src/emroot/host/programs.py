"""Search for programs on PATH, never in the current directory: a project must not choose the programs that run.

Windows and `shutil.which` there search it first, and an empty or relative entry of PATH means it on every system.
"""

from __future__ import annotations

import os


def find_program(name: str, path: str | None = None) -> str | None:
    """The path of a program in the absolute directories of `path` (default: PATH), or of the file that a name
    with a directory (`./cc`, `~/bin/cc`) means; None if there is none."""
    expanded = os.path.expanduser(name)
    if os.path.dirname(expanded):
        return _executable(expanded)
    searched = (os.environ.get('PATH', os.defpath) if path is None else path).split(os.pathsep)
    for directory in dict.fromkeys(entry.strip('"') if os.name == 'nt' else entry for entry in searched):
        if os.path.isabs(directory) and (found := _executable(os.path.join(directory, name))):
            return found
    return None


def _executable(path: str) -> str | None:
    return next((each for each in _spelled(path) if os.path.isfile(each) and os.access(each, os.X_OK)), None)


def _spelled(path: str) -> list[str]:
    """The possible file names: on Windows, with the extensions of programs."""
    if os.name != 'nt':
        return [path]
    endings = [ending for ending in os.environ.get('PATHEXT', '.COM;.EXE;.BAT;.CMD').split(';') if ending]
    known = any(path.lower().endswith(ending.lower()) for ending in endings)
    return [path] if known else [path + ending for ending in endings]
