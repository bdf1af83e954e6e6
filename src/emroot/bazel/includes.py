"""Which files of an SDK a compile may read, found by reading `#include` lines: what a build action declares as its inputs.

Conditions are not looked at, so that a closure holds at least what any compile of the source reads. Installed headers and the
compiler's own are followed, since they include what comes earlier in the search path (`<bits/stat.h>` of musl's sources), but are
not in the answer: they are inputs of every compile. What cannot be told from the text (`#include MACRO`) would be missing in
a sandbox, and fail there, not be wrong.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..catalogue import Member
from ..engine.spelling import WORKING_DIRECTORY
from ..sdk import Sdk

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include(_next)?[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
_INCBIN = re.compile(r'\.(?:incbin|include)[ \t]+"([^"\n]+)"')
#: Recorded sources are relative to a directory as deep as this below the SDK (`Places.working_directory`).
_HERE = '/'.join(WORKING_DIRECTORY)
#: Where clang looks below the sysroot, after what the command line names.
_SYSROOT = ('include/fakesdl', 'include/compat', 'include/c++/v1', 'include')


class Includes:
    """The include closures of an SDK's sources. Reads each file once."""

    def __init__(self, sdk: Sdk, headers: Path) -> None:
        """`headers`: a cache directory with the SDK's headers, that is, `sysroot/include`."""
        self._root = str(sdk.root)
        self._mapped = {'{sdk}': self._root, '{cache}': str(headers)}
        self._last = [*(str(headers / 'sysroot' / place) for place in _SYSROOT), str(sdk.resource_dir / 'include')]
        self._asked: dict[str, list[tuple[bool, bool, str]]] = {}
        self._files: dict[str, bool] = {}
        self._next: dict[tuple[tuple[str, ...], str], list[str]] = {}
        self._closures: dict[tuple[tuple[str, ...], str], tuple[str, ...]] = {}

    def closure(self, member: Member) -> tuple[str, ...]:
        """The source of a compile and all it may include of the SDK's sources: paths below its root, sorted."""
        key = tuple(self._place(arg[2:]) for arg in member.argv if arg.startswith('-I')), self._place(member.source)
        if key not in self._closures:
            found = self._search(*key)
            self._closures[key] = tuple(sorted(os.path.relpath(path, self._root).replace(os.sep, '/') for path in found
                                               if path.startswith(self._root + os.sep)))
        return self._closures[key]

    def _search(self, directories: tuple[str, ...], source: str) -> set[str]:
        found, left = {source}, [source]
        while left:
            key = directories, left.pop()
            if key not in self._next:
                self._next[key] = list(self._included(*key))
            new = [path for path in self._next[key] if path not in found]
            found.update(new)
            left += new
        return found

    def _included(self, directories: tuple[str, ...], includer: str) -> Iterable[str]:
        """The files that one includes, each as the first in the search path; all of them for `#include_next`."""
        for every, quoted, name in self._includes(includer):
            for directory in ([os.path.dirname(includer)] if quoted else []) + [*directories, *self._last]:
                path = os.path.normpath(os.path.join(directory, name))
                if self._is_file(path):
                    yield path
                    if not every:
                        break

    def _place(self, recorded: str) -> str:
        """A recorded path, made absolute."""
        for name, place in self._mapped.items():
            recorded = recorded.replace(name, place)
        return os.path.normpath(os.path.join(self._root, _HERE, recorded))

    def _is_file(self, path: str) -> bool:
        if path not in self._files:
            self._files[path] = os.path.isfile(path)
        return self._files[path]

    def _includes(self, path: str) -> list[tuple[bool, bool, str]]:
        """What a file includes: whether that is `#include_next`, whether in quotes, and the name."""
        if path not in self._asked:
            text = Path(path).read_text(encoding='latin-1')
            found = [(bool(after), quote == '"', name) for after, quote, name in _INCLUDE.findall(text)]
            self._asked[path] = list(dict.fromkeys([*found, *((False, True, name) for name in _INCBIN.findall(text))]))
        return self._asked[path]


def numbered(closures: Iterable[tuple[str, ...]]) -> tuple[list[str], list[list[int]], list[int]]:
    """Closures as numbers, small to write: all files, each distinct closure as numbers of files, and for each closure the
    number of its like."""
    files: dict[str, int] = {}
    distinct: dict[tuple[str, ...], int] = {}
    which = [distinct.setdefault(closure, len(distinct)) for closure in closures]
    sets = [[files.setdefault(path, len(files)) for path in closure] for closure in distinct]
    return list(files), sets, which
