"""The members of archives without an index that a link has to compile although it probably does not load them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from pathlib import Path

from ..symbol_index import SymbolIndex
from .lazy_archives import LazyArchive, LazyArchives, NeedsWholeArchives
from .mentioned_names import MentionedNames
from .symbols.symbol_closure import Roots, SymbolClosure
from .wanted_names import wanted_names


class Suspects:
    """Compares the names that a link looks for with what sources mention. `order`: the archives of the link; `others`: the
    indexes of those that exist."""

    def __init__(self, mentioned: MentionedNames, archives: LazyArchives, order: Sequence[Path],
                 others: Mapping[Path, SymbolIndex], roots: Roots) -> None:
        self._mentioned, self._archives, self._order, self._others, self._roots = mentioned, archives, order, others, roots

    def members(self, closure: SymbolClosure) -> dict[Path, set[str]]:
        """By archive, the members that are not compiled and may define a name before what the link takes for it.

        Raises `NeedsWholeArchives` if a compiled member shows that sources do not tell.
        """
        wanted = wanted_names(closure, self.known(), self._roots, self._weak)
        try:
            found = self._mentioned.may_define(wanted.keys())
        except OSError as error:
            raise NeedsWholeArchives(f'the sources of its libraries cannot be read: {error}') from error
        suspects: dict[Path, set[str]] = {}
        for number, path in enumerate(self._order):
            if path in self._archives.bounds:
                lazy, real = self._archives.lazies[path], self._archives.real[path]
                at = {name: (number, n) for n, name in enumerate(lazy.index.names)}
                mentions = {(name, member) for name, members in found.items() for archive, member in members
                            if archive == lazy.archive.name}
                unbounded = {member for archive, member in self._mentioned.unbounded if archive == lazy.archive.name}
                self._check(lazy, mentions, wanted.keys(), real.keys() - unbounded)
                suspects[path] = (unbounded | {member for name, member in mentions if wanted[name] > at[member]}) - real.keys()
        return suspects

    @staticmethod
    def _check(lazy: LazyArchive, mentions: Set[tuple[str, str]], wanted: Set[str], compiled: Set[str]) -> None:
        """What was compiled defines none of these names without a mention of it."""
        for member in lazy.index.members:
            if member.name in compiled:
                for name in wanted & set(member.defined):
                    if (name, member.name) not in mentions:
                        raise NeedsWholeArchives(f'{member.name} of {lazy.archive.name} defines {name}, of which its source does '
                                                 'not tell')

    def known(self) -> list[tuple[SymbolIndex, Set[str]]]:
        """Each archive with the members whose symbols are known for certain."""
        found: list[tuple[SymbolIndex, Set[str]]] = []
        for path in self._order:
            index = self._archives.lazies[path].index if path in self._archives.lazies else self._others[path]
            found.append((index, self._archives.real[path].keys() if path in self._archives.bounds else set(index.names)))
        return found

    @cached_property
    def _weak(self) -> set[str]:
        """The names that members of existing archives reference weakly."""
        return {name for symbols in self._archives.symbols(list(self._others)).values() for name in symbols.weak}
