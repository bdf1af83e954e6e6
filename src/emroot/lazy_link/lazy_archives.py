"""The archives that a lazy link does not build: compiled members, and what is known of the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..engine.build import Build
from ..keys.plan import Archive, Plan
from ..symbol_index import MemberSymbols, SymbolIndex
from ..symbol_index.storage import BOUNDS, delete_index, find_index, store_index
from ..symbol_index.symbols import Symbols, describe_objects, find_nm, read_symbols
from .member_builder import Members, build_members, scan_members
from .symbols.ir_symbols import Bound
from .symbols.stub_archive import write_stub_archive


class NeedsWholeArchives(Exception):
    """This link needs whole archives; the text says why."""


@dataclass(frozen=True)
class LazyArchive:
    """An archive that does not exist, and the index that represents it."""

    archive: Archive
    index: SymbolIndex
    path: Path
    """The path that emcc expects."""
    exact: bool
    """Whether the index is its own. Otherwise it is a prediction: of members that are not compiled it says only which are
    probably needed; what they define at most is in `LazyArchives.bounds`."""
    claimed: bool = False
    """Whether the prediction is an index that is said to be its own, and came from elsewhere, unsigned."""


class LazyArchives:
    """The missing archives of one link, by the path that emcc expects."""

    def __init__(self, build: Build, plan: Plan, lazies: Sequence[LazyArchive], directory: Path) -> None:
        self.build, self.plan = build, plan
        self.lazies = {lazy.path: lazy for lazy in lazies}
        self.triple = f'{lazies[0].archive.mode.arch}-unknown-emscripten'
        self.real: dict[Path, dict[str, Path]] = {path: {} for path in self.lazies}
        # In one directory and under their own names, so that whatever the linker sorts by path comes in the same order.
        self.private = {path: directory / path.name for path in self.lazies}
        if len(set(self.private.values())) < len(lazies):
            raise NeedsWholeArchives('two of its libraries have the same name')
        #: What uncompiled members of archives without an index define at most: if not said here, nothing that the link looks for.
        self.bounds: dict[Path, dict[str, Bound]] = {path: {} for path, lazy in self.lazies.items() if not lazy.exact}
        self.directory = directory
        directory.mkdir()
        self._nm = find_nm(build.catalogue.sdk.tools)
        self._env = build.catalogue.environment({'LC_ALL': 'C'})

    def make(self, needed: Mapping[Path, Collection[str]]) -> bool:
        """Compile the members that are missing, and compare them with the index. Returns whether this added symbols."""
        missing = {path: set(names) - set(self.real[path]) for path, names in needed.items()}
        made = build_members(self.build, self.plan, self._members(missing))
        if self.build.result.failures:
            raise NeedsWholeArchives('some of its objects cannot be compiled')
        learned, symbols = False, self.symbols([file for objects in made.values() for file in objects.values()])
        for path, lazy in self.lazies.items():
            objects = made.get(lazy.archive.name, {})
            found = describe_objects(symbols, objects, self.build.catalogue.sdk.embedded_paths)
            self._check(lazy, found)
            if found and not lazy.exact:
                members = tuple(found.get(member.name, member) for member in lazy.index.members)
                self.lazies[path] = dataclasses.replace(lazy, index=SymbolIndex(members))
                learned = True
            self.real[path].update(objects)
        return learned

    def scan(self, path: Path, names: Collection[str]) -> dict[str, Bound]:
        """Bounds on the symbols that members of an archive define, by name. Members without a bound are left out."""
        archive = self.lazies[path].archive
        return scan_members(self.build, self.plan, [(archive, names)]).get(archive.name, {}) if names else {}

    def _members(self, names: Mapping[Path, Collection[str]]) -> Members:
        return [(self.lazies[path].archive, names_) for path, names_ in names.items() if names_]

    def bound_symbols(self) -> None:
        """Have the compiler's front end bound what is not compiled. Members that it cannot bound are compiled."""
        for path in self.bounds:
            archive = self.lazies[path].archive
            stored = find_index(self.build.store, archive.key, BOUNDS) or SymbolIndex(())
            self.bounds[path] = {member.name: frozenset(member.defined) for member in stored.members}
        left = {path: set(self.lazies[path].index.names) - set(self.real[path]) - bounds.keys()
                for path, bounds in self.bounds.items()}
        scanned = scan_members(self.build, self.plan, self._members(left))
        for path, bounds in self.bounds.items():
            if found := scanned.get(self.lazies[path].archive.name):
                bounds.update(found)
                members = (MemberSymbols(name, tuple(sorted(bound))) for name, bound in bounds.items())
                with self.build.store:
                    store_index(self.build.store, self.lazies[path].archive.key, SymbolIndex(tuple(members)), BOUNDS)
        self.make({path: names - self.bounds[path].keys() for path, names in left.items()})

    def write(self) -> None:
        """Write the sparse archives."""
        for path, private in self.private.items():
            index = self.lazies[path].index
            if path in self.bounds:
                index = SymbolIndex(tuple(
                    member if member.name in self.real[path] else
                    MemberSymbols(member.name, tuple(sorted(self.bounds[path].get(member.name, ()))), (), member.bitcode)
                    for member in index.members))
            write_stub_archive(private, index, self.real[path], self.triple)

    def symbols(self, files: Sequence[Path]) -> dict[str, Symbols]:
        """The symbols of objects and of the members of archives."""
        return read_symbols(self._nm, files, env=self._env)

    def _check(self, lazy: LazyArchive, found: Mapping[str, MemberSymbols]) -> None:
        """Compare compiled members with the index. If one differs, the index cannot be trusted for the others."""
        members = {member.name: member for member in lazy.index.members}
        for name, real in found.items():
            indexed = members[name]
            if (lazy.exact or lazy.claimed) and not _same(real, indexed):
                delete_index(self.build.store, lazy.archive.key)
                withdrawn = f'the index of {lazy.archive.name} is wrong about {name}, and was withdrawn'
                if lazy.exact:
                    raise NeedsWholeArchives(withdrawn)
                self.build.listener.note(withdrawn)
            bound = self.bounds.get(lazy.path, {}).get(name)
            if bound is not None and not bound.issuperset(real.defined):
                raise NeedsWholeArchives(f'{name} of {lazy.archive.name} defines a symbol that its bound does not have')
            if real.bitcode != indexed.bitcode:
                raise NeedsWholeArchives(f'{name} of {lazy.archive.name} is bitcode or not, contrary to its flags')


def _same(real: MemberSymbols, indexed: MemberSymbols) -> bool:
    return real.symbols == indexed.symbols and (not real.digest or not indexed.digest or real.digest == indexed.digest)
