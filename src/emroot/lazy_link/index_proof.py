"""Indexes of others, checked against the sources: a link must not depend on unproven claims.

A link that loads no stub equals the one with whole archives if no member that was not compiled defines a
symbol that the link found later: in a later member or library, in JavaScript, or nowhere (weak). For a local
index this is certain. For an unsigned one from elsewhere it is a claim: each member whose source mentions
such a symbol is compiled and compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..engine.build import Build
from ..symbol_index.symbols import Symbols
from .lazy_archives import LazyArchive
from .symbols.undefined_symbols import parts, source_path, words_of

LinkPosition = tuple[float, float]
"""The number of an archive of the link, and of a member in it."""
INPUT, NOWHERE = (-1.0, 0.0), (math.inf, 0.0)


def providers(symbols: Mapping[str, Symbols], linked: Mapping[str, LinkPosition]) -> dict[str, LinkPosition]:
    """The source of each symbol that a link needs. `linked`: objects and members (with their names in
    `symbols`) and their positions."""
    defined: dict[str, LinkPosition] = {}
    wanted: set[str] = set()
    for each, position in sorted(linked.items(), key=lambda item: item[1]):
        found = symbols.get(each, Symbols())
        wanted |= found.undefined | found.weak
        for name in found.defined:
            defined.setdefault(name, position)
    return {name: defined.get(name, NOWHERE) for name in wanted}


def unproven(build: Build, lazy: LazyArchive, number: int, taken: Mapping[str, LinkPosition], known: Iterable[str]) -> set[str]:
    """The members of this archive, except `known`, whose sources mention a symbol that the link found
    later."""
    mentioned: dict[str, dict[str, LinkPosition]] = {}
    for name, position in taken.items():
        if position != INPUT and position > (number, 0):
            for part in parts(name):
                mentioned.setdefault(part, {})[name] = position
    order = {member: at for at, member in enumerate(lazy.index.names)}
    found = set()
    for recipe in build.catalogue.recipes(lazy.archive.mode, [lazy.archive.target]).values():
        for member in recipe.members:
            here = (number, order.get(member.name, 0))
            if member.name not in known and _mentions(source_path(build.catalogue.sdk.root, member.source), mentioned, here):
                found.add(member.name)
    return found


def _mentions(source: Path, mentioned: Mapping[str, Mapping[str, LinkPosition]], here: LinkPosition) -> bool:
    words = words_of(source)
    if words is None:
        return True
    mangles = source.suffix not in ('.c', '.s', '.S')
    return any(position > here and (mangles or not name.startswith('_Z'))
               for word in words & mentioned.keys() for name, position in mentioned[word].items())
