"""Which files of an SDK a compile may read, found by reading `#include` lines: what a build action declares as its inputs.

Conditions are not looked at, nor which of the compiler's own directories comes first, so that a closure holds at least what any
compile of the source reads, and all that it asks for (`__has_include`). What cannot be told from the text (`#include MACRO`)
would be missing in a sandbox, and fail there, not be wrong.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from ...engine.command_lines.placeholders import WORKING_DIRECTORY
from ...libraries.catalogue import Member
from ...sdk import Sdk

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include(_next)?[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
_ASKED = re.compile(r'\b__has_include(_next)?[ \t]*\([ \t]*(["<])([^">\n]+)[">]')
_INCBIN = re.compile(r'\.(?:incbin|include)[ \t]+"([^"\n]+)"')
#: Recorded sources are relative to a directory as deep as this below the SDK (`CompileContext.working_directory`).
_HERE = '/'.join(WORKING_DIRECTORY)
#: Where clang looks below the sysroot, after what the command line names; C++ first in a location of its own.
_SYSROOT = ('include/fakesdl', 'include/compat', 'include')
_SYSROOT_CPP = 'include/c++/v1'


class IncludeScanner:
    """Computes include closures of an SDK's sources; reads each file once."""

    def __init__(self, sdk: Sdk, headers: Path) -> None:
        """`headers`: a cache directory with the SDK's headers, that is, `sysroot/include`."""
        self._root = str(sdk.root)
        self._mapped = {'{sdk}': self._root, '{cache}': str(headers)}
        own = sdk.resource_dir / 'include'
        #: Directories, and what they are called in the repository.
        self._called = {self._root: 'emscripten', str(headers): 'headers',
                        str(own): f'llvm/lib/clang/{sdk.resource_dir.name}/include'}
        self._last = (*(str(headers / 'sysroot' / directory) for directory in _SYSROOT), str(own))
        self._last_cpp = str(headers / 'sysroot' / _SYSROOT_CPP)
        self._asked: dict[str, list[tuple[bool, bool, str]]] = {}
        self._files: dict[str, bool] = {}
        self._next: dict[tuple[tuple[str, ...], str], list[str]] = {}
        self._closures: dict[tuple[tuple[str, ...], str], tuple[str, ...]] = {}

    def closure(self, member: Member) -> tuple[str, ...]:
        """The source of a compile and all files that it may include: sorted paths in the repository (`sdk_repository.bzl`)."""
        directories = [self._real_path(arg[2:]) for arg in member.argv if arg.startswith('-I')]
        is_c = member.argv[0] == 'clang' and not any(arg.startswith('-x') for arg in member.argv)
        cpp = [] if is_c else [self._last_cpp]
        last = (*cpp, *self._last)  # to name one of them again does not move it to the front
        key = (*(p for p in directories if p not in last), *last), self._real_path(member.source)
        if key not in self._closures:
            self._closures[key] = tuple(sorted(filter(None, map(self._called_in_repository, self._search(*key)))))
        return self._closures[key]

    def _called_in_repository(self, path: str) -> str:
        for directory, name in self._called.items():
            if path.startswith(directory + os.sep):
                return name + path[len(directory):].replace(os.sep, '/')
        return ''

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
        """The files that one file may include. Of directories of the command line the first match counts, or every match for
        include_next; of the compiler's own directories every match counts, because their order is not known here."""
        for every, quoted, name in self._includes(includer):
            for directory in ([os.path.dirname(includer)] if quoted else []) + [*directories]:
                path = os.path.normpath(os.path.join(directory, name))
                if self._is_file(path):
                    yield path
                    if not every and directory not in self._last and directory != self._last_cpp:
                        break

    def _real_path(self, recorded: str) -> str:
        """A recorded path, made absolute."""
        for name, directory in self._mapped.items():
            recorded = recorded.replace(name, directory)
        return os.path.normpath(os.path.join(self._root, _HERE, recorded))

    def _is_file(self, path: str) -> bool:
        if path not in self._files:
            self._files[path] = os.path.isfile(path)
        return self._files[path]

    def _includes(self, path: str) -> list[tuple[bool, bool, str]]:
        """The includes of a file: (is it include_next, is it quoted, name)."""
        if path not in self._asked:
            text = Path(path).read_text(encoding='latin-1')
            found = [(bool(after), quote == '"', name) for pattern in (_INCLUDE, _ASKED)
                     for after, quote, name in pattern.findall(text)]
            self._asked[path] = list(dict.fromkeys([*found, *((False, True, name) for name in _INCBIN.findall(text))]))
        return self._asked[path]


class Numbers:
    """Numbers files and sets of files, to write each distinct one once."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._sets: dict[tuple[int, ...], int] = {}

    def of(self, files: Iterable[str]) -> int:
        """The number of a set."""
        numbers = tuple(self._files.setdefault(path, len(self._files)) for path in files)
        return self._sets.setdefault(numbers, len(self._sets))

    @property
    def files(self) -> list[str]:
        """All files, by number."""
        return list(self._files)

    @property
    def sets(self) -> list[tuple[int, ...]]:
        """All sets, as numbers of files, by number."""
        return list(self._sets)
