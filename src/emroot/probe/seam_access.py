"""The names of Emscripten's in the table of seams, looked up and replaced in an SDK whose modules are imported."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys

from seams import BY_PATH, EXIT, SEAMS, Seam  # type: ignore[import-not-found]  # as a program's neighbour, not as part of emroot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


#: The use that the program makes of the SDK (`require`), which decides what is needed.
_current = ''


class MissingSeam(BaseException):
    """The SDK lacks a name that a question needs. Not an `Exception`, lest the SDK's own code catches it."""


def import_module(name: str) -> Any:
    """A module of the SDK. Raises `MissingSeam` if there is none of that name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not error.name or not (name + '.').startswith(error.name + '.'):
            raise  # the module is there; what it imports is not
        raise MissingSeam(_message('module ' + name, [seam for seam in SEAMS if seam.module == name])) from error


def find(path: str) -> tuple[Any, str]:
    """What holds a name of the table, and the last part of it. Nothing holds a name that the SDK lacks."""
    seam = BY_PATH[path]
    holder: Any = sys.modules.get(seam.module)
    *parents, last = seam.name.split('.')
    if holder is not None and seam.path == 'embuilder.main.predefined_tasks':
        return (holder if last in holder.main.__code__.co_varnames else None), last
    for parent in parents:
        holder = getattr(holder, parent, None)
    return (holder if hasattr(holder, last) else None), last


def original(path: str) -> Any:
    """What the SDK has of that name; None without it. Raises `MissingSeam` where the current use needs it."""
    holder, name = find(path)
    if holder is None:
        return _missing(BY_PATH[path])
    return getattr(holder, name)


def install(path: str, stand_in: object) -> bool:
    """Replace what the SDK has of that name. Returns whether it has it; raises `MissingSeam` as `original` does."""
    holder, name = find(path)
    if holder is None:
        _missing(BY_PATH[path])
        return False
    setattr(holder, name, stand_in)
    return True


def _missing(seam: Seam) -> None:
    if _current in seam.needs and not _has(seam.instead):
        raise MissingSeam(_message(seam.path, [seam]))


def _has(path: str) -> bool:
    return bool(path) and find(path)[0] is not None


def lacking(use: str = '') -> list[Seam]:
    """Names that the SDK lacks though this version should have them: of one use, or of all. Their modules are imported."""
    version, found = sdk_version(), []
    for seam in SEAMS:
        if use and use not in seam.needs + seam.helps:
            continue
        with contextlib.suppress(Exception):  # a module that cannot be imported has no names
            importlib.import_module(seam.module)
        if not _has(seam.path) and not _has(seam.instead) and seam.expected(version):
            found.append(seam)
    return found


def require(use: str) -> None:
    """Begin a use of the SDK. Raises `MissingSeam`, with all names at once, if the SDK lacks some that it needs."""
    global _current
    _current = use
    found = [seam for seam in lacking(use) if use in seam.needs]
    if found:
        raise MissingSeam(_message(', '.join(seam.path for seam in found), found))


def sdk_version() -> str:
    """The version of the SDK whose modules are imported; empty if unknown."""
    file = getattr(sys.modules.get('emcc'), '__file__', None) or ''
    try:
        with open(os.path.join(os.path.dirname(file), 'emscripten-version.txt'), encoding='utf-8') as f:
            return f.read().strip().strip('"')
    except (OSError, ValueError):
        return ''


def _message(what: str, seams: list[Seam]) -> str:
    return 'this Emscripten ({}) has no {}, which emroot needs: {}'.format(
        sdk_version() or 'unknown version', what, seams[0].why if seams else 'its programs do not start')


def answering(main: Callable[[str, str], None]) -> None:
    """Run a program of this folder: `main` takes the files of the request and the answer."""
    try:
        main(sys.argv[1], sys.argv[2])
    except MissingSeam as missing:
        sys.stderr.write('error: %s\n' % missing)
        sys.exit(EXIT)
