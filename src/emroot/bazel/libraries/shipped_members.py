"""Objects out of a library that the SDK ships in another mode, where both modes have the same compiles.

Parts of libc and of the compiler's runtime ignore LTO. An archive that the SDK ships is taken for what embuilder made of the
same sources; that its compiler and flags were those of this SDK is shown by compiling one object for each command line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from emroot.host.ar import read_archive

#: Part of the path of clang's own headers, which debug information has: there, the machine that made the archive is named.
_NAMES_COMPILER = re.compile(rb'[/\\]lib[/\\]clang[/\\]')


def read_shipped(archive: Path) -> dict[str, bytes]:
    """Members by name, without those that say where the compiler was. Nothing if it is no archive, or has a name twice."""
    try:
        members = list(read_archive(archive.read_bytes()))
    except (OSError, ValueError):
        return {}
    if len(dict(members)) != len(members):
        return {}
    return {name: data for name, data in members if not _NAMES_COMPILER.search(data)}


def confirmed(candidates: Iterable[tuple[str, int]], shipped: dict[str, bytes],
              compiled: Callable[[str], bytes]) -> dict[str, bytes]:
    """Those of `candidates` (name, number of the command line) whose shipped content is used. `compiled` returns the object of a
    name: it is asked for one of each command line, and if that is another than the shipped one, none of that line is used."""
    right: dict[int, bool] = {}
    used = {}
    for name, command in candidates:
        if name not in shipped:
            continue
        if command not in right:
            right[command] = compiled(name) == shipped[name]
        if right[command]:
            used[name] = shipped[name]
    return used
