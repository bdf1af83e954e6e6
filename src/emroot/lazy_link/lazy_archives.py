"""The archives that a lazy link does not build: compiled members, and the index of the others.

The index of an archive is of one of these kinds (`Lazy.known`):

    exact       its own index
    bounded     a superset of the symbols of each member: of its object, or of its sketch (`ir_symbols.py`)
    predicted   a guess, which `settle` turns into bounds before the linker runs
    words       a superset of the symbols of the whole archive (`identifiers.py`); no member is compiled
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ..engine.build import Build
from ..keys.plan import Archive
from ..symbol_index import MemberSymbols, SymbolIndex
from ..symbol_index.storage import BOUNDS, delete_index, store_index
from ..symbol_index.symbols import Symbols, describe_objects, find_nm, read_symbols
from .ir_symbols import SymbolBounds
from .stub_archive import write_stub_archive


class NeedsWholeArchives(Exception):
    """This link needs whole archives; the text says why."""


class Pulled(Exception):
    """This link uses archives of which no member is compiled; carries their names."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(', '.join(names))
        self.names = names


@dataclass(frozen=True)
class LazyArchive:
    """An archive that does not exist, and the index that represents it."""

    archive: Archive
    index: SymbolIndex
    path: Path
    """The path that emcc expects."""
    known: Literal['exact', 'bounded', 'predicted', 'words'] = 'exact'
    claimed: bool = False
    """Whether the index came from elsewhere, unsigned (see `index_proof.py`)."""


class MemberSource(Protocol):
    """Compiles members of archives. Returns the path of each by archive and member name."""

    def __call__(self, wanted: Iterable[tuple[Archive, Collection[str]]]) -> dict[str, dict[str, Path]]: ...


class SymbolSource(Protocol):
    """Bounds the symbols of members of archives, by archive and member name. Members without a bound are
    left out."""

    def __call__(self, wanted: Iterable[tuple[Archive, Collection[str]]]) -> dict[str, dict[str, SymbolBounds]]: ...


class LazyArchives:
    """The missing archives of one link, by the path that emcc expects."""

    def __init__(self, build: Build, build_members: MemberSource, scan: SymbolSource, lazies: Sequence[LazyArchive],
                 directory: Path) -> None:
        self.build, self._build_members, self.scan = build, build_members, scan
        self.lazies = {lazy.path: lazy for lazy in lazies}
        self.triple = f'{lazies[0].archive.mode.arch}-unknown-emscripten'
        self.real: dict[Path, dict[str, Path]] = {path: {} for path in self.lazies}
        # In one directory and under their own names, so that whatever the linker sorts by path comes in the same order.
        self.private = {path: directory / path.name for path in self.lazies}
        if len(set(self.private.values())) < len(lazies):
            raise NeedsWholeArchives('two of its libraries have the same name')
        #: The archives of which single members can be compiled.
        self.parts = {path: private for path, private in self.private.items() if self.lazies[path].known != 'words'}
        directory.mkdir()
        self._nm = find_nm(build.catalogue.sdk.tools)
        self._env = build.catalogue.environment({'LC_ALL': 'C'})

    def make(self, needed: Mapping[Path, Collection[str]]) -> bool:
        """Compile the members that are missing, and compare them with the index. Returns whether this
        added symbols."""
        wanted = {path: set(names) - set(self.real[path]) for path, names in needed.items() if path in self.parts}
        made = self._build_members([(self.lazies[path].archive, names) for path, names in wanted.items() if names])
        if self.build.result.failures:
            raise NeedsWholeArchives('some of its objects cannot be compiled')
        learned = False
        for path, lazy in self.lazies.items():
            objects = made.get(lazy.archive.name, {})
            found = self._describe(objects)
            self._check(lazy, found)
            if found and lazy.known != 'exact':
                self._learn(path, found)
                learned = True
            self.real[path].update(objects)
        return learned

    def bound_predictions(self) -> None:
        """Replace predictions by bounds: of the sketch of each member, or of its object if it is compiled
        or has no sketch."""
        left = {path: set(lazy.index.names) - set(self.real[path]) for path, lazy in self.lazies.items()
                if lazy.known == 'predicted'}
        drawn = self.scan([(self.lazies[path].archive, names) for path, names in left.items() if names])
        found = {path: drawn.get(self.lazies[path].archive.name, {}) for path in left}
        self.make({path: names - set(found[path]) for path, names in left.items()})
        for path, sketches in found.items():
            self._learn(path, {member.name: dataclasses.replace(
                member, defined=tuple(sorted(sketches[member.name].defined)),
                undefined=tuple(sorted(sketches[member.name].undefined)))
                for member in self.lazies[path].index.members if member.name in sketches}, known='bounded')

    def keep(self) -> None:
        """Store the bounds of archives without an index, for later links."""
        for lazy in self.lazies.values():
            if lazy.known == 'bounded':
                store_index(self.build.store, lazy.archive.key, lazy.index, BOUNDS)

    def write(self, others: Collection[str] = (), *, empty: bool = False) -> None:
        """Write the sparse archives; those in `empty` only with stubs. An archive that is represented by
        words also defines `others`."""
        for path, private in self.private.items():
            index = self.lazies[path].index
            if path not in self.parts:
                index = SymbolIndex(tuple(dataclasses.replace(m, defined=(*m.defined, *others)) for m in index.members))
            write_stub_archive(private, index, {} if empty else self.real[path], self.triple)

    def symbols(self, files: Sequence[Path]) -> dict[str, Symbols]:
        """The symbols of objects and of the members of archives."""
        return read_symbols(self._nm, files, env=self._env)

    def _describe(self, objects: Mapping[str, Path]) -> dict[str, MemberSymbols]:
        embedded_paths = [os.fsencode(path) for path in self.build.catalogue.sdk.embedded_paths]
        return describe_objects(self._nm, objects, carrying=embedded_paths, env=self._env)

    def _check(self, lazy: LazyArchive, found: Mapping[str, MemberSymbols]) -> None:
        """Compare compiled members with the index. If one differs, the index cannot be trusted for the
        others."""
        members = {member.name: member for member in lazy.index.members}
        for name, real in found.items():
            said = members[name]
            if lazy.known == 'exact' and not _same(real, said):
                delete_index(self.build.store, lazy.archive.key)
                raise NeedsWholeArchives(f'the index of {lazy.archive.name} is wrong about {name}, and was withdrawn')
            if lazy.known == 'bounded' and not set(real.defined) <= set(said.defined):
                delete_index(self.build.store, lazy.archive.key, BOUNDS)
                raise NeedsWholeArchives(f'{name} of {lazy.archive.name} defines a symbol that its bound does not have')
            if real.bitcode != said.bitcode:
                raise NeedsWholeArchives(f'{name} of {lazy.archive.name} is bitcode or not, contrary to its flags')

    def _learn(self, path: Path, found: Mapping[str, MemberSymbols], known: Literal['bounded', ''] = '') -> None:
        lazy = self.lazies[path]
        members = tuple(found.get(member.name, member) for member in lazy.index.members)
        self.lazies[path] = dataclasses.replace(lazy, index=SymbolIndex(members), known=known or lazy.known)


def _same(real: MemberSymbols, indexed: MemberSymbols) -> bool:
    return real.symbols == indexed.symbols and (not real.digest or not indexed.digest or real.digest == indexed.digest)
