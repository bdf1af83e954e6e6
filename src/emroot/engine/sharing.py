"""Recognising a compile that was done before under another name, or from other sources of the same content.

A *family* is all compiles of one source with one compiler and the same arguments but for macros. Each result of a
family is kept with its closure and its macros. A compile may take the result of a relative if every file of the closure
still has its content, and if no macro in which the two differ can come up (`occurrence.py` has the proof).

So an SDK in which one file was patched compiles again just what includes that file, and `libc-debug` takes from `libc` what
does not look at `NDEBUG`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeGuard

from ..canonical import KEY_SCHEMA, Record, digest_record
from ..plan import Compile
from ..store import Blob, Store
from ..store.records import is_digest
from .closure import CLOSURE, Closure, Files, read_closure
from .occurrence import Occurrence

KIND = 'family'
_TAKES_NEXT = {'-Xclang', '-mllvm', '-target', '-o', '-include', '-imacros', '-isystem', '-I', '-x', '-MF', '-MT'}
Macros = tuple[str, ...]
Definitions = dict[str, str | None]


@dataclass(frozen=True)
class Relative:
    """A result of a family."""

    macros: Macros
    closure: Closure
    blob: Blob
    places: tuple[str, ...]
    """Where the SDK lay if the bytes carry its place; empty if they do not."""
    key: str


@cache
def split_macros(argv: tuple[str, ...]) -> tuple[tuple[str, ...], Macros]:
    """Arguments without the macros of the command line, and those (`-DNAME=VALUE`, `-UNAME`) in order."""
    rest, macros, taken = [], [], False
    for arg in argv:
        if not taken and arg[:2] in ('-D', '-U') and len(arg) > 2:
            macros.append(arg)
        else:
            rest.append(arg)
        taken = not taken and arg in _TAKES_NEXT
    return tuple(rest), tuple(macros)


def definitions(macros: Macros) -> Definitions:
    """Each name's definition in the end; None if it was undefined again."""
    found: dict[str, str | None] = {}
    for macro in macros:
        name, _, value = macro[2:].partition('=')
        found[name.partition('(')[0]] = None if macro[:2] == '-U' else f'{name}={value}' if '=' in macro else f'{name}=1'
    return found


@lru_cache(1024)
def closure_key(closure: Closure) -> str:
    """The key under which a closure is kept: many compiles read the same files."""
    return digest_record([list(pair) for pair in closure])


class Families:
    """The families of one build."""

    def __init__(self, store: Store, files: Files, compiler: str, version: str, places: tuple[str, ...],
                 compiles: Iterable[Compile]) -> None:
        self._store, self._files, self._places = store, files, places
        self._identity = {'schema': KEY_SCHEMA, 'kind': KIND, 'compiler': compiler, 'version': version,
                          'names': files.names}
        names: set[str] = set()
        for compile_ in compiles:
            names.update(definitions(split_macros(compile_.argv)[1]))
        self._occurrence = Occurrence(files, names)
        self._known_names = names
        self._relatives: dict[str, list[Relative]] = {}
        self._keys: dict[str, str] = {}
        self._kept: set[str] = set()  # closures
        self._held: dict[int, tuple[Closure, bool]] = {}  # by identity; the closure is kept so that it stays
        self._lock = threading.Lock()

    def key(self, compile_: Compile) -> str:
        """The family of a compile."""
        if compile_.key not in self._keys:
            rest, _ = split_macros(compile_.argv)
            self._keys[compile_.key] = digest_record({**self._identity, 'argv': list(rest), 'source': compile_.source})
        return self._keys[compile_.key]

    def find(self, compile_: Compile) -> Relative | None:
        """A relative whose result is this compile's too."""
        family, macros = self.key(compile_), split_macros(compile_.argv)[1]
        with self._lock:
            relatives = list(self._load(family))
        return next((r for r in relatives if self._equal(r, macros)), None)

    def add(self, compile_: Compile, closure: Closure, blob: Blob, *, located: bool) -> str:
        """Keep a result; the key of its closure."""
        family, macros = self.key(compile_), split_macros(compile_.argv)[1]
        relative = Relative(macros, closure, blob, self._places if located else (), compile_.key)
        listed = closure_key(closure)
        if listed not in self._kept:
            self._store.write(CLOSURE, listed, {'files': [list(pair) for pair in closure]})
            self._kept.add(listed)
        self._store.write(KIND, f'{family}/{digest_record([compile_.key, listed, list(relative.places)])[:16]}', {
            'macros': list(macros), 'closure': listed, 'digest': blob.digest, 'size': blob.size,
            'places': list(relative.places), 'key': compile_.key})
        with self._lock:
            self._load(family).append(relative)
        return listed

    def _equal(self, relative: Relative, macros: Macros) -> bool:
        if relative.places not in ((), self._places) or not self._holds(relative.closure):
            return False
        mine, theirs = definitions(macros), definitions(relative.macros)
        differing = {name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name)}
        if differing and (not differing <= self._known_names or self._can_come_up(differing, mine, theirs, relative.closure)):
            return False
        return self._store.has(relative.blob)  # last: it reads the whole of it

    def _holds(self, closure: Closure) -> bool:
        """Whether the files of a closure are still the same; they do not change during a build."""
        if id(closure) not in self._held:
            self._held[id(closure)] = closure, self._files.holds(closure)
        return self._held[id(closure)][1]

    def _can_come_up(self, names: set[str], mine: Definitions, theirs: Definitions, closure: Closure) -> bool:
        values = [text for text in [*mine.values(), *theirs.values()] if text]
        values = [text.partition('=')[2] for text in values]
        with self._lock:
            return any(self._occurrence.can_come_up(name, closure, values) for name in names)

    def _load(self, family: str) -> list[Relative]:
        if family not in self._relatives:
            found = [self._relative(record) for record in self._store.read_all(KIND, family)]
            self._relatives[family] = [relative for relative in found if relative]
        return self._relatives[family]

    def _relative(self, record: Record) -> Relative | None:
        """What a record of a family says; None if it is not what `add` writes."""
        closure, blob = read_closure(self._store, record.get('closure')), Blob.of(record.get('digest'), record.get('size'))
        macros, places, key = record.get('macros'), record.get('places'), record.get('key')
        if closure and blob and _are_texts(macros) and _are_texts(places) and is_digest(key):
            return Relative(tuple(macros), closure, blob, tuple(places), str(key))
        return None


def _are_texts(found: object) -> TypeGuard[list[str]]:
    return isinstance(found, list) and all(isinstance(text, str) for text in found)
