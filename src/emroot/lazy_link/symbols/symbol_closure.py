"""The members that a link needs, computed before the link: everything reachable from its inputs through the
indexes of its archives.

An extra member costs a compile, an omitted one costs another round: the linker says which members it really
loads (`link.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from ...symbol_index import MemberSymbols, SymbolIndex

#: The prefix in WASI's headers for functions that are imported without it.
IMPORTED = '__wasi_'
MemberId = tuple[int, int]
"""The number of an archive, and of a member in it."""


@dataclass(frozen=True)
class Roots:
    """The symbols that the inputs of a link define and reference, apart from its indexed archives."""

    referenced: Collection[str]
    """Referenced symbols, including defined ones."""
    defined: Collection[str] = frozenset()
    """Defined symbols."""
    stubs: Mapping[str, Collection[str]] = field(default_factory=dict)
    """JavaScript functions, with the symbols of the program that each needs."""
    bitcode: bool = False
    """Whether any of the inputs is bitcode."""
    bitcode_kinds: Collection[str] = frozenset()
    """The kinds of this bitcode (`probe/emcc_hook/lto_objects.py`)."""
    intrinsics: Set[str] = frozenset()
    """Functions that code generation probably calls for intrinsics in this bitcode. They predict, and prove nothing."""
    libcalls: Collection[str] = frozenset()
    """Functions that code generation may call: the linker loads their bitcode before, in every link with bitcode."""
    shared: bool = False
    """Whether any of them is a shared library, which may reference unknown symbols."""
    weak: Collection[str] = frozenset()
    """Weakly referenced symbols."""
    wrapped: Collection[str] = frozenset()
    """The symbols of `--wrap`."""

    @cached_property
    def early(self) -> Set[str]:
        """Symbols whose bitcode the linker loads before code generation, in a link with bitcode: what this or JavaScript may
        need."""
        return {*self.libcalls, *(name for names in self.stubs.values() for name in names)}


class SymbolClosure:
    """The needed members of some archives, in link order. It grows with each `add`."""

    def __init__(self, archives: Sequence[SymbolIndex], roots: Roots) -> None:
        self._archives, self._roots = archives, roots
        self._provider: dict[str, MemberId] = {}
        for a, index in enumerate(archives):
            for m, member in enumerate(index.members):
                for name in member.defined:
                    self._provider.setdefault(name, (a, m))
        self._seen: set[str] = set(roots.defined)
        self.bitcode = roots.bitcode
        self.needed: list[set[str]] = [set() for _ in archives]
        self._follow(roots.referenced)

    def add(self, archive: int, names: Iterable[str]) -> None:
        """Add members of an archive, and everything that they reference."""
        by_name = {member.name: member for member in self._archives[archive].members}
        for name in names:
            if name in by_name:
                self._follow(self._need(archive, by_name[name]))

    def _need(self, archive: int, member: MemberSymbols) -> Collection[str]:
        if member.name in self.needed[archive]:
            return ()
        self.needed[archive].add(member.name)
        if member.bitcode and not self.bitcode:
            self.bitcode = True
            self._follow(self._early())
        return member.undefined

    def _follow(self, names: Iterable[str]) -> None:
        todo = list(names)
        if self.bitcode:
            todo += self._early()
        while todo:
            name = todo.pop()
            if name in self._seen:
                continue
            self._seen.add(name)
            if member_id := self._provider.get(name):
                todo += self._need(member_id[0], self._archives[member_id[0]].members[member_id[1]])
            else:
                todo += self._roots.stubs.get(name) or self._roots.stubs.get(name.removeprefix(IMPORTED), ())

    def _early(self) -> list[str]:
        """Symbols whose bitcode the linker loads before code generation, because this or JavaScript may need them."""
        names = [name for function, names in self._roots.stubs.items() if function not in self._provider for name in names]
        return [name for name in (*self._roots.libcalls, *names)
                if (member_id := self._provider.get(name)) and self._archives[member_id[0]].members[member_id[1]].bitcode]


def read_stubs(text: str) -> dict[str, tuple[str, ...]]:
    """The JavaScript functions in emcc's list for the linker, with the symbols that each needs: `NAME: OTHER,OTHER`."""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith('#'):
            name, _, names = line.partition(':')
            found[name.strip()] = tuple(each.strip() for each in names.split(',') if each.strip())
    return found
