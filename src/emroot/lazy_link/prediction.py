"""Predictions: the probable index of an archive without one, from its closest relative with an index.

A relative is the same library in another mode, or another variant, of this SDK or of that of the hints. A link needs mostly
the same members of it, so these can be compiled at once. The result never depends on a prediction (`suspects.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..engine.build import Build
from ..keys.plan import Archive, Compile
from ..modes import Mode, all_modes
from ..symbol_index import MemberSymbols, SymbolIndex
from ..symbol_index.hints import find_hint
from ..symbol_index.storage import find_index
from .symbols.ir_symbols import gives_bitcode


def predict_index(build: Build, archive: Archive, compiles: Mapping[str, Compile],
                  claimed: SymbolIndex | None = None) -> SymbolIndex:
    """The index of a relative, or else one that others `claimed`, for the members of this archive. Members that it lacks have no
    symbols."""
    relative = claimed or _relative(build, archive)
    known = {member.name: member for member in relative.members} if relative else {}
    return SymbolIndex(tuple(_predicted(known.get(name) or MemberSymbols(name, ()), gives_bitcode(compiles[key]))
                             for name, key in archive.members))


def _predicted(member: MemberSymbols, bitcode: bool) -> MemberSymbols:
    return member if member.bitcode == bitcode and not member.digest else replace(member, bitcode=bitcode, digest='')


def _relative(build: Build, archive: Archive) -> SymbolIndex | None:
    for mode, target in _relatives(build, archive):
        known = build.known.get(mode, target)
        if known and (index := find_index(build.store, known.key)):
            return index
    return find_hint(archive.mode, archive.target)


def _relatives(build: Build, archive: Archive) -> Iterator[tuple[Mode, str]]:
    """The same library in other modes, closest first; then its variants, in this mode and in others."""
    modes = sorted(all_modes(), key=lambda mode: mode.distance(archive.mode))
    family = archive.target.split('-')[0]
    yield from ((mode, archive.target) for mode in modes)
    for mode in modes:
        variants = [target for target in build.known.targets(mode) if target.split('-')[0] == family]
        own = {*archive.target.split('-')}
        yield from ((mode, target) for target in sorted(variants, key=lambda variant: len({*variant.split('-')} ^ own)))
