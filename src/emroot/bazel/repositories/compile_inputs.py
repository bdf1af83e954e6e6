"""Which files each compile of a mode reads, for build actions to declare (`reads.json`): found by reading `#include` lines.

Conditions are ignored, and so is the order of the compiler's own directories, so that a closure holds at least what any compile
of the source reads or asks for (`__has_include`). What `#include MACRO` means would be missing in a sandbox, and fail there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ...engine.command_lines.placeholders import WORKING_DIRECTORY
from ...libraries.catalogue import Catalogue, Member, Recipe
from ...sdk import Sdk

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include(_next)?[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
_ASKED = re.compile(r'\b__has_include(_next)?[ \t]*\([ \t]*(["<])([^">\n]+)[">]')
_INCBIN = re.compile(r'\.(?:incbin|include)[ \t]+"([^"\n]+)"')
#: Recorded sources are relative to a directory as deep as this below the SDK (`CompileContext.working_directory`).
_HERE = '/'.join(WORKING_DIRECTORY)
#: Where clang looks below the sysroot, after what the command line names; C++ first in a location of its own.
_SYSROOT = ('include/fakesdl', 'include/compat', 'include')
_SYSROOT_CPP = 'include/c++/v1'


def compile_inputs(catalogue: Catalogue, headers: Path, recipes: Mapping[str, Recipe],
                   without_lto: Mapping[str, Recipe]) -> dict[str, Any]:
    """The files that the compiles of a mode read (`headers`: as the SDK installed them), and the members that are the same
    compile in the mode without LTO.

    `{"files": [paths in the SDK's repository], "sets": [[numbers of files]], "targets": {name: {"sources": [number of the set of
    each member's], "headers": [number of the set of each member's installed headers and clang's own], "shared": [numbers of
    members], ...as `recipe_document`}}}`. Sources and headers are two sets, because many members share headers. Some libraries
    and parts of libc ignore LTO: they are built once.
    """
    includes, numbers = IncludeScanner(catalogue.sdk, headers), Numbers()
    targets = {}
    for target, recipe in recipes.items():
        each = [divide(includes.closure(member)) for member in recipe.members]
        known = {(m.name, m.source, m.argv) for m in without_lto[target].members} if target in without_lto else set()
        targets[target] = {**recipe_document(recipe),
                           'sources': [numbers.of(sources) for sources, _ in each], 'headers': [numbers.of(h) for _, h in each],
                           'shared': [n for n, m in enumerate(recipe.members) if (m.name, m.source, m.argv) in known]}
    return {'files': list(numbers.files), 'sets': list(numbers.sets), 'targets': targets}


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """A recipe in the form that `library_builder.py` reads: each distinct command once."""
    commands = list(dict.fromkeys(member.argv for member in recipe.members))
    numbers = {argv: number for number, argv in enumerate(commands)}
    return {'how': recipe.how, 'commands': commands,
            'objects': [[m.source, m.name, numbers[m.argv]] for m in recipe.members]}


def divide(closure: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split a closure into the SDK's sources, and installed headers with clang's own."""
    sources = [path for path in closure if path.startswith('emscripten/')]
    return sources, [path for path in closure if not path.startswith('emscripten/')]


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
        self._is_file, self._includes = cache(os.path.isfile), cache(self._read)
        self._included, self._closure = cache(self._find), cache(self._search)

    def closure(self, member: Member) -> tuple[str, ...]:
        """The source of a compile and all files that it may include: sorted paths in the repository (`sdk_repository.bzl`)."""
        directories = [self._real_path(arg[2:]) for arg in member.argv if arg.startswith('-I')]
        is_c = member.argv[0] == 'clang' and not any(arg.startswith('-x') for arg in member.argv)
        cpp = [] if is_c else [self._last_cpp]
        last = (*cpp, *self._last)  # to name one of them again does not move it to the front
        return self._closure((*(p for p in directories if p not in last), *last), self._real_path(member.source))

    def _called_in_repository(self, path: str) -> str:
        for directory, name in self._called.items():
            if path.startswith(directory + os.sep):
                return name + path[len(directory):].replace(os.sep, '/')
        return ''

    def _search(self, directories: tuple[str, ...], source: str) -> tuple[str, ...]:
        found, left = {source}, [source]
        while left:
            new = [path for path in self._included(directories, left.pop()) if path not in found]
            found.update(new)
            left += new
        return tuple(sorted(filter(None, map(self._called_in_repository, found))))

    def _find(self, directories: tuple[str, ...], includer: str) -> list[str]:
        """The files that one file may include. Of directories of the command line the first match counts, or every match for
        include_next; of the compiler's own directories every match counts, because their order is not known here."""
        found = []
        for every, quoted, name in self._includes(includer):
            for directory in ([os.path.dirname(includer)] if quoted else []) + [*directories]:
                path = os.path.normpath(os.path.join(directory, name))
                if self._is_file(path):
                    found.append(path)
                    if not every and directory not in self._last and directory != self._last_cpp:
                        break
        return found

    def _real_path(self, recorded: str) -> str:
        """A recorded path, made absolute."""
        for name, directory in self._mapped.items():
            recorded = recorded.replace(name, directory)
        return os.path.normpath(os.path.join(self._root, _HERE, recorded))

    @staticmethod
    def _read(path: str) -> list[tuple[bool, bool, str]]:
        """The includes of a file: (is it include_next, is it quoted, name)."""
        text = Path(path).read_text(encoding='latin-1')
        found = [(bool(after), quote == '"', name) for pattern in (_INCLUDE, _ASKED)
                 for after, quote, name in pattern.findall(text)]
        return list(dict.fromkeys([*found, *((False, True, name) for name in _INCBIN.findall(text))]))


class Numbers:
    """Numbers files, and sets of their numbers, to write each distinct one once."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self.sets: dict[tuple[int, ...], int] = {}

    def of(self, files: Iterable[str]) -> int:
        """The number of a set."""
        numbers = tuple(self.files.setdefault(path, len(self.files)) for path in files)
        return self.sets.setdefault(numbers, len(self.sets))
