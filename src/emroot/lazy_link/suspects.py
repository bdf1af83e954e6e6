"""The members of archives without an index that a link has to compile although it probably does not load them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ..symbol_index import SymbolIndex
from .lazy_archives import LazyArchive, LazyArchives, NeedsWholeArchives
from .mentioned_names import MentionedNames
from .symbols.ir_symbols import TAGS
from .symbols.symbol_closure import IMPORTED, Roots, SymbolClosure

LinkPosition = tuple[float, float]
"""The number of an archive of the link, and of a member in it."""
INPUT, NOWHERE = (-1.0, 0.0), (math.inf, 0.0)

_OF_THE_LINKER = '''_initialize _start main __main_argc_argv __main_void __original_main
    __data_end __dso_handle __global_base __heap_base __heap_end __indirect_function_table __memory_base __memory_base32
    __rodata_end __rodata_start __stack_high __stack_low __stack_pointer __table_base __table_base32 __tls_align __tls_base
    __tls_size __wasm_apply_data_relocs __wasm_apply_global_relocs __wasm_apply_global_tls_relocs __wasm_apply_tls_relocs
    __wasm_call_ctors __wasm_call_dtors __wasm_first_page_end __wasm_init_memory __wasm_init_memory_flag __wasm_init_tls
    __wasm_start __wasm_get_tls_base __wasm_set_tls_base __init_tls_base'''
#: Names that the linker defines or looks for by itself.
LINKERS = frozenset(_OF_THE_LINKER.split())


class Suspects:
    """Compares the names that a link looks for with what sources mention. `existing`: the indexes of archives that exist."""

    def __init__(self, mentioned: MentionedNames, archives: LazyArchives, order: Sequence[Path],
                 existing: Mapping[Path, SymbolIndex], roots: Roots) -> None:
        self._mentioned, self._archives, self._order, self._existing = mentioned, archives, order, existing
        self.roots = roots

    def members(self, closure: SymbolClosure, among: Set[str] | None = None) -> dict[Path, set[str]]:
        """By archive, `among` those of some names, the members that are not compiled and may define a name before what the link
        takes for it. Raises `NeedsWholeArchives` if a compiled member shows that sources do not tell."""
        of_all = self._names_of_all(closure)
        sought = self._positions(of_all, closure)
        at_hand = self._tags_at_hand(sought, closure)
        sought = {name: at for name, at in sought.items() if name not in at_hand}
        for_bitcode = self._are_for_bitcode(sought.keys() - of_all, sought)
        try:
            found = self._mentioned.may_define(sought.keys(), among)
        except OSError as error:
            raise NeedsWholeArchives(f'the sources of its libraries cannot be read: {error}') from error
        suspects: dict[Path, set[str]] = {}
        for number, path in enumerate(self._order):
            if path in self._archives.bounds and (among is None or self._archives.lazies[path].archive.name in among):
                lazy, real = self._archives.lazies[path], self._archives.real[path]
                at = {name: (number, n) for n, name in enumerate(lazy.index.names)}
                mentions = {(name, member) for name, members in found.items() for archive, member in members
                            if archive == lazy.archive.name}
                unbounded = {member for archive, member in self._mentioned.unbounded if archive == lazy.archive.name}
                self._check(lazy, mentions, sought.keys(), real.keys() - unbounded)
                bitcode = {member.name for member in lazy.index.members if member.bitcode}
                suspects[path] = (unbounded | {member for name, member in mentions if sought[name] > at[member]
                                               and (name not in for_bitcode or member in bitcode)}) - real.keys()
        return suspects

    def words(self) -> set[str]:
        """All words that may be names (see `MentionedNames.words`). Raises `NeedsWholeArchives` if a source cannot be read."""
        try:
            return self._mentioned.words
        except OSError as error:
            raise NeedsWholeArchives(f'the sources of its libraries cannot be read: {error}') from error

    def read_ahead(self, closure: SymbolClosure) -> AbstractContextManager[Iterator[Set[str]]]:
        """While its block runs, read what `members` will want to know of sources (see `MentionedNames.read_ahead`)."""
        return self._mentioned.read_ahead(self._sought_names(closure).keys())

    def settled(self, closure: SymbolClosure) -> Mapping[str, LinkPosition] | None:
        """The names that a link looks for, and where it finds them. None if a member that is not compiled may define one, or if
        which of them has a tag depends on what is loaded."""
        sought = self._sought_names(closure)
        if any(sought[tag] != INPUT for tag in self._tags_at_hand(sought, closure)) or any(self.members(closure).values()):
            return None
        return sought

    def _tags_at_hand(self, sought: Mapping[str, LinkPosition], closure: SymbolClosure) -> set[str]:
        """The exception tags for which the linker loads nothing. Before LLVM 22 each object that throws defines them, of which no
        source tells. So nothing refers to them but JavaScript; what it wants is looked for after all that the inputs need."""
        tags = TAGS & sought.keys()
        by_inputs = {tag for tag in tags if sought[tag] == INPUT}
        if tags == by_inputs:
            return by_inputs
        certain, referenced, loaded = self.certain(), {*self.roots.referenced, *self.roots.weak}, set[str]()
        first = SymbolClosure([index for index, _ in certain], replace(self.roots, stubs={}))
        for (index, known), needed, needed_first in zip(certain, closure.needed, first.needed, strict=True):
            for member in index.members:
                if member.name in needed:
                    referenced.update(member.undefined, member.weak)
                if member.name in needed_first and member.name in known:
                    loaded.update(member.defined)
        return by_inputs | ((tags & loaded) - referenced)

    @staticmethod
    def _check(lazy: LazyArchive, mentions: Set[tuple[str, str]], sought: Set[str], compiled: Set[str]) -> None:
        """What was compiled defines none of these names without a mention of it."""
        for member in lazy.index.members:
            for name in sought & set(member.defined) if member.name in compiled else ():
                if (name, member.name) not in mentions:
                    raise NeedsWholeArchives(f'{member.name} of {lazy.archive.name} defines {name}, '
                                             'of which its source does not tell')

    def certain(self) -> list[tuple[SymbolIndex, Set[str]]]:
        """Each archive with the members whose symbols are known for certain."""
        found: list[tuple[SymbolIndex, Set[str]]] = []
        for path in self._order:
            index = self._archives.lazies[path].index if path in self._archives.lazies else self._existing[path]
            found.append((index, self._archives.real[path].keys() if path in self._archives.bounds else set(index.names)))
        return found

    def _sought_names(self, closure: SymbolClosure) -> Mapping[str, LinkPosition]:
        """Each name that the linker looks for, with its position."""
        return self._positions(self._names_of_all(closure), closure)

    def _positions(self, of_all: Set[str], closure: SymbolClosure) -> Mapping[str, LinkPosition]:
        """These names, and with bitcode those for which it is loaded early, with where each is defined first: by an input,
        or a member whose symbols are known for certain. What comes later cannot provide the name."""
        names, provided = of_all | self.roots.early if closure.bitcode else of_all, dict.fromkeys(self.roots.defined, INPUT)
        for number, (index, certain) in enumerate(self.certain()):
            for at, member in enumerate(index.members):
                for name in member.defined if member.name in certain else ():
                    provided.setdefault(name, (number, at))
        return {name: provided.get(name, NOWHERE) for name in names}

    def _names_of_all(self, closure: SymbolClosure) -> set[str]:
        """The names for which the linker loads any member, native or not."""
        roots = self.roots
        names = {*roots.referenced, *roots.weak, *self._weak, *LINKERS}
        names.update(f'{prefix}{name}' for name in roots.wrapped for prefix in ('__wrap_', '__real_'))
        for (index, _), needed in zip(self.certain(), closure.needed, strict=True):
            for member in index.members:
                if member.name in needed:
                    names.update(member.undefined, member.weak)
        for name in list(names):  # JavaScript functions, which need others if they are wanted
            for function in (name, name.removeprefix(IMPORTED)):
                names.update(roots.stubs.get(function, ()))
        if closure.bitcode:  # with a definition, JavaScript's is not asked what it needs
            names.update(function for function, needed in roots.stubs.items() if needed)
        return names

    def _are_for_bitcode(self, names: Set[str], sought: Mapping[str, LinkPosition]) -> Set[str]:
        """Those of `names`, for which only bitcode is loaded, for which native members that are not compiled do not matter: no
        bitcode is known to come first."""
        indexes = [index for index, _ in self.certain()]
        return {name for name in names if (at := sought[name]) in (INPUT, NOWHERE)
                or not indexes[int(at[0])].members[int(at[1])].bitcode}

    @cached_property
    def _weak(self) -> set[str]:
        """The names that members of existing archives reference weakly."""
        return {name for symbols in self._archives.symbols(list(self._existing)).values() for name in symbols.weak}
