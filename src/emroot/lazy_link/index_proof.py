"""Indexes of others, checked against the sources: a link must not depend on unproven claims.

A link that loads no stub equals the one with whole archives if no member that was not compiled defines a symbol that the link
found later: in a later member or library, in JavaScript, or nowhere (weak). For a local index this is certain. For an unsigned
one from elsewhere it is a claim: each member whose source mentions such a symbol is compiled and compared.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from ..engine.build import Build
from ..symbol_index.symbols import Symbols
from .lazy_archives import LazyArchive
from .symbols.undefined_symbols import longest_part, names_in_sources

LinkPosition = tuple[float, float]
"""The number of an archive of the link, and of a member in it."""
INPUT, NOWHERE = (-1.0, 0.0), (math.inf, 0.0)


def providers(symbols: Mapping[str, Symbols], linked: Mapping[str, LinkPosition]) -> dict[str, LinkPosition]:
    """The source of each symbol that a link needs. `linked`: the positions of objects and members, named as in `symbols`."""
    defined: dict[str, LinkPosition] = {}
    referenced: set[str] = set()
    for each, position in sorted(linked.items(), key=lambda item: item[1]):
        found = symbols.get(each, Symbols())
        referenced |= found.undefined | found.weak
        for name in found.defined:
            defined.setdefault(name, position)
    return {name: defined.get(name, NOWHERE) for name in referenced}


def unproven(build: Build, lazy: LazyArchive, number: int, provided: Mapping[str, LinkPosition],
             known: Collection[str]) -> set[str]:
    """The members of this archive, except `known`, whose sources mention a symbol that the link found later."""
    later = [name for name, position in provided.items() if position > (number, 0) and longest_part(name)]
    order = {member: at for at, member in enumerate(lazy.index.names)}
    return {member for member, names in names_in_sources(build, lazy.archive, later, known).items()
            if any(provided[name] > (number, order[member]) for name in names)}
