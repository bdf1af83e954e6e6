"""Which compiles run one after the other: a later one may equal an earlier one, or go on from its front end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..keys.plan import Compile
from .execution.shared_front_end import SharedModule, without_lto
from .reuse.compile_manifests import split_macros

#: The part of a compile that remains when another one has run the front end.
LATER = 0.35


def make_sequences(compiles: Iterable[Compile], family: Callable[[Compile], str], *, expected: Callable[[Compile], float],
                   workers: int, shared: bool) -> list[list[Compile]]:
    """Compiles that run in this order. Those of one family (see `reuse/compile_manifests.py`) are together; if front ends are
    `shared`, so are families that differ in nothing but `-flto`, unless one worker were still busy with them after all else is
    done. `expected`: seconds."""
    families: dict[str, list[Compile]] = {}
    for compile_ in compiles:
        families.setdefault(family(compile_), []).append(compile_)
    if not shared:
        return list(families.values())
    alike: dict[tuple[str, tuple[str, ...]], list[list[Compile]]] = {}
    for members in families.values():
        rest, _ = split_macros(members[0].argv)
        alike.setdefault((members[0].source, without_lto(rest)), []).append(members)
    limit = sum(expected(compile_) for members in families.values() for compile_ in members) / workers
    sequences = []
    for group in alike.values():
        together = [compile_ for members in group for compile_ in members]
        if len(group) == 1 or sum(map(expected, together)) > limit:
            sequences += group
        else:
            order = {without_lto(compile_.argv): at for at, compile_ in reversed(list(enumerate(together)))}
            sequences.append(sorted(together, key=lambda compile_: order[without_lto(compile_.argv)]))
    return sequences


def share_modules(sequence: Iterable[Compile]) -> dict[str, SharedModule]:
    """The modules of compiles in a sequence that share one, by key."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for compile_ in sequence:
        alike.setdefault(without_lto(compile_.argv), []).append(compile_.key)
    return {key: module for keys in alike.values() if len(keys) > 1 for module in [SharedModule(len(keys))] for key in keys}
