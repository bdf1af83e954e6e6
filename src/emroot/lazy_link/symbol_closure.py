"""Which members a link needs, before it is made: what can be reached from its inputs over the indexes of its archives.

A member too many costs a compile, one too few another round: which members are really loaded, the linker says (`link.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..symbol_index import MemberSymbols, SymbolIndex

#: What the headers of WASI begin the names of functions with that are imported without it.
_IMPORTED = '__wasi_'
MemberId = tuple[int, int]
"""An archive and a member in it, by number."""


@dataclass(frozen=True)
class Roots:
    """What the inputs of a link want and have, besides its indexed archives."""

    wanted: Collection[str]
    """Names that something refers to, among them some that are there."""
    defined: Collection[str] = frozenset()
    """Names that are there already."""
    stubs: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Names that JavaScript has, with what each of these functions wants of the program."""
    bitcode: bool = False
    """Whether any of the inputs is bitcode."""
    shared: bool = False
    """Whether any of them is a shared library, which may want names that are not known."""


class SymbolClosure:
    """The members needed of some archives, in the order in which the linker sees these; grows by what is added."""

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
        self._follow(roots.wanted)

    def add(self, archive: int, names: Iterable[str]) -> None:
        """Members that are needed as well."""
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
                todo += self._roots.stubs.get(name) or self._roots.stubs.get(name.removeprefix(_IMPORTED), ())

    def _early(self) -> list[str]:
        """Before it generates code, the linker loads bitcode for whatever JavaScript may come to want of the program."""
        return [name for function, names in self._roots.stubs.items() if function not in self._provider for name in names
                if (member_id := self._provider.get(name)) and self._archives[member_id[0]].members[member_id[1]].bitcode]


def read_stubs(text: str) -> dict[str, tuple[str, ...]]:
    """The functions of JavaScript that emcc tells the linker of, with what each wants: `NAME: OTHER,OTHER` after `#STUB`."""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith('#'):
            name, _, names = line.partition(':')
            found[name.strip()] = tuple(each.strip() for each in names.split(',') if each.strip())
    return found
