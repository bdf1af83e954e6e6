"""Commands of clang's front end (`clang -cc1`), which compiles, in place of those of its driver (`clang -c`), which decides how.

The driver takes a millisecond, a tenth of a small compile, and decides the same for all files that are compiled alike. It is
asked (with `-###`, which prints what it would execute) for two commands that differ in nothing but names of files. If it says
the same but for these names, it is not asked for others.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_SOURCES = ('.c', '.cc', '.cpp', '.cxx')
_SOURCE, _SOURCE_NAME, _OBJECT, _DEPFILE = '\0source', '\0name', '\0object', '\0depfile'
#: Names that the driver passes on as they are. Others it may quote, for a list of dependencies.
_PLAIN = re.compile(r'[-\w./+,=~@]+')
#: In the output of a driver that has to say something each time.
_SAID = ('warning:', 'error:', 'note:')


def front_end_command(said: str) -> list[str]:
    """The command of the front end in the output of `clang -###`; empty if there is none, or more than one."""
    lines = [line for line in said.splitlines() if '"-cc1"' in line]
    return [word.replace('\\$', '$') for word in shlex.split(lines[0])] if len(lines) == 1 else []


@dataclass
class _Alike:
    """Commands that differ in names of files."""

    commands: int = 0
    asked: frozenset[str] = frozenset()  # the names in the command that the driver was asked for first
    words: list[str] | None = None  # of the front end
    certain: bool = False
    differ: bool = False


class FrontEndCommands:
    """The front end's commands for commands of one driver."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Alike] = {}

    def find(self, command: Sequence[str], cwd: Path | str, ask: Callable[[list[str]], str], *,
             at_once: bool = False) -> list[str]:
        """What the driver would execute; empty if that is unknown, or several programs. `ask`: the output of a command.
        `at_once`: also for the first of a kind, for which asking takes longer than it saves."""
        files = _files(command)
        if not files:
            return []
        words = [files.get(word, word) for word in command]
        alike = self._known.setdefault((str(cwd), *words), _Alike())
        alike.commands += 1
        if alike.differ or (alike.commands == 1 and not at_once):
            return []
        if alike.certain and alike.words:
            return _with_files(alike.words, files)
        said = ask([*command, '-###'])
        own = front_end_command(said)
        general = [_general(word, files) for word in own]
        if not own or any(word in said for word in _SAID) or alike.words not in (None, general):
            alike.differ = True
            return []
        if alike.words is None:
            alike.asked, alike.words = frozenset(files), general
        alike.certain = len(alike.asked & files.keys()) <= 1  # a list of dependencies may have the name of the last one
        return own


def _files(command: Sequence[str]) -> dict[str, str]:
    """What stands for the names of files in a command that compiles one source to an object; empty for others."""
    sources = [word for word in command[1:] if word.endswith(_SOURCES) and not word.startswith('-')]
    if '-c' not in command or len(sources) != 1 or command.count('-o') != 1 or command.count('-MF') > 1:
        return {}
    files = {_following(command, '-o'): _OBJECT, sources[0]: _SOURCE + Path(sources[0]).suffix}
    if '-MF' in command:
        files[_following(command, '-MF')] = _DEPFILE
    return files if len(files) == 2 + ('-MF' in command) and all(map(_PLAIN.fullmatch, files)) else {}


def _following(command: Sequence[str], option: str) -> str:
    at = command.index(option) + 1
    return command[at] if at < len(command) else ''


def _general(word: str, files: dict[str, str]) -> str:
    for name, stands in files.items():
        if stands.startswith(_SOURCE) and word == os.path.basename(name):
            return _SOURCE_NAME
        word = word.replace(name, stands)
    return word


def _with_files(words: Sequence[str], files: dict[str, str]) -> list[str]:
    name_of = {stands: name for name, stands in files.items()}
    source = next(name for stands, name in name_of.items() if stands.startswith(_SOURCE))
    name_of[_SOURCE_NAME] = os.path.basename(source)
    found = []
    for word in words:
        if '\0' in word:
            for stands, name in name_of.items():
                word = word.replace(stands, name)
        found.append(word)
    return found
