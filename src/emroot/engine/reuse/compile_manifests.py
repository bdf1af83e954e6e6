"""Reuse of objects of equivalent compiles: the same work under another name, or from other sources with the same content.

A *family* is all compiles with the same source, compiler and arguments, apart from macros. Each result of a family is stored
with its closure and its macros. A compile may reuse a result of its family if every file of the closure still has its content,
and if no macro in which the two differ can occur (proof in `macro_independence.py`).

So with an SDK in which one file was patched, only the files that include it are compiled again, and `libc-debug` reuses the
objects of `libc` that do not use `NDEBUG`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeGuard

from ... import schemas
from ...hashing import Record, digest_record
from ...keys.plan import Compile
from ...store import Blob, Store
from ...store.records import is_digest
from .included_files import INCLUDED_FILES, FileDigests, IncludedFiles, read_included_files
from .macro_independence import TokenSets

KIND = 'family'
_TAKES_NEXT = {'-Xclang', '-mllvm', '-target', '-o', '-include', '-imacros', '-isystem', '-I', '-x', '-MF', '-MT'}
Macros = tuple[str, ...]
Definitions = dict[str, str | None]


@dataclass(frozen=True)
class EquivalentResult:
    """A stored result of a family: its object, closure and macros."""

    macros: Macros
    closure: IncludedFiles
    blob: Blob
    embedded_paths: tuple[str, ...]
    """The paths of the SDK, if the bytes contain one; otherwise empty."""
    key: str


@cache
def split_macros(argv: tuple[str, ...]) -> tuple[tuple[str, ...], Macros]:
    """The arguments without macros, and the macros (`-DNAME=VALUE`, `-UNAME`) in order."""
    rest, macros, taken = [], [], False
    for arg in argv:
        if not taken and arg[:2] in ('-D', '-U') and len(arg) > 2:
            macros.append(arg)
        else:
            rest.append(arg)
        taken = not taken and arg in _TAKES_NEXT
    return tuple(rest), tuple(macros)


def definitions(macros: Macros) -> Definitions:
    """The final definition of each name; None if it is undefined."""
    found: dict[str, str | None] = {}
    for macro in macros:
        name, _, value = macro[2:].partition('=')
        found[name.partition('(')[0]] = None if macro[:2] == '-U' else f'{name}={value}' if '=' in macro else f'{name}=1'
    return found


@lru_cache(1024)
def included_files_key(closure: IncludedFiles) -> str:
    """The key of a closure record: many compiles read the same files."""
    return digest_record([list(pair) for pair in closure])


class CompileManifests:
    """Lookup of equivalent results, for the compiles of one build."""

    def __init__(self, store: Store, files: FileDigests, compiles: Iterable[Compile]) -> None:
        sdk = files.context.sdk
        self._store, self._files, self._embedded_paths = store, files, tuple(sdk.embedded_paths)
        self._identity = {'schema': schemas.KEYS, 'kind': KIND, 'compiler': sdk.parts['compiler'], 'version': sdk.version,
                          'names': files.names}
        self._known_names = {name for compile_ in compiles for name in definitions(split_macros(compile_.argv)[1])}
        self._occurrence = TokenSets(files, self._known_names)
        self._relatives: dict[str, list[EquivalentResult]] = {}
        self._keys: dict[str, str] = {}
        self._kept: set[str] = set()  # closures
        self._checked: dict[int, tuple[IncludedFiles, str]] = {}  # by identity; the closure is kept so that it stays
        self._lock = threading.Lock()

    def key(self, compile_: Compile) -> str:
        """The key of the family of a compile."""
        if compile_.key not in self._keys:
            rest, _ = split_macros(compile_.argv)
            self._keys[compile_.key] = digest_record({**self._identity, 'argv': list(rest), 'source': compile_.source})
        return self._keys[compile_.key]

    def find(self, compile_: Compile) -> EquivalentResult | str:
        """A stored result that is provably this compile's; else why the last of its family is not (empty without one)."""
        family, macros = self.key(compile_), split_macros(compile_.argv)[1]
        with self._lock:
            relatives = list(self._load(family))
        difference = ''
        for relative in relatives:
            difference = self._difference(relative, macros)
            if not difference:
                return relative
        return difference

    def add(self, compile_: Compile, closure: IncludedFiles, blob: Blob, *, location_dependent: bool) -> str:
        """Store a result. Returns the key of its closure."""
        family, macros = self.key(compile_), split_macros(compile_.argv)[1]
        relative = EquivalentResult(macros, closure, blob, self._embedded_paths if location_dependent else (), compile_.key)
        listed = included_files_key(closure)
        if listed not in self._kept:
            self._store.write(INCLUDED_FILES, listed, {'files': [list(pair) for pair in closure]})
            self._kept.add(listed)
        self._store.write(KIND, f'{family}/{digest_record([compile_.key, listed, list(relative.embedded_paths)])[:16]}', {
            'macros': list(macros), 'closure': listed, 'digest': blob.digest, 'size': blob.size,
            'places': list(relative.embedded_paths), 'key': compile_.key})
        with self._lock:
            self._load(family).append(relative)
        return listed

    def _difference(self, relative: EquivalentResult, macros: Macros) -> str:
        """Why a result may not be that of a compile with these macros; empty if it is."""
        if relative.embedded_paths not in ((), self._embedded_paths):
            return 'the known object has the path of an SDK in another directory'
        if changed := self._changed_file(relative.closure):
            return f'{changed} has changed'
        mine, theirs = definitions(macros), definitions(relative.macros)
        differing = {name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name)}
        for name in sorted(differing):
            if name not in self._known_names or self._may_contain(name, mine, theirs, relative.closure):
                return f'the macro {name} differs, and the files that it reads may use it'
        return '' if self._store.has(relative.blob) else 'the known object is gone'  # last: it reads the whole of it

    def _changed_file(self, closure: IncludedFiles) -> str:
        """The first changed file of a closure. Files do not change during a build, so the answer is cached."""
        if id(closure) not in self._checked:
            self._checked[id(closure)] = closure, self._files.changed(closure)
        return self._checked[id(closure)][1]

    def _may_contain(self, name: str, mine: Definitions, theirs: Definitions, closure: IncludedFiles) -> bool:
        values = [text.partition('=')[2] for text in (*mine.values(), *theirs.values()) if text]
        with self._lock:
            return self._occurrence.may_contain(name, closure, values)

    def _load(self, family: str) -> list[EquivalentResult]:
        if family not in self._relatives:
            found = [self._relative(record) for record in self._store.read_all(KIND, family)]
            self._relatives[family] = [relative for relative in found if relative]
        return self._relatives[family]

    def _relative(self, record: Record) -> EquivalentResult | None:
        """The result in a record; None if the record is not one of `add`."""
        closure, blob = read_included_files(self._store, record.get('closure')), Blob.of(record.get('digest'), record.get('size'))
        macros, embedded_paths, key = record.get('macros'), record.get('places'), record.get('key')
        if closure and blob and _are_texts(macros) and _are_texts(embedded_paths) and is_digest(key):
            return EquivalentResult(tuple(macros), closure, blob, tuple(embedded_paths), str(key))
        return None


def _are_texts(found: object) -> TypeGuard[list[str]]:
    return isinstance(found, list) and all(isinstance(text, str) for text in found)
