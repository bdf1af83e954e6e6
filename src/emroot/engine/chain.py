"""What to ask a remote for before anything is compiled: whole archives, and what embuilder made of a target.

One question instead of the thousand that the objects of a libc would be; what is not there as a whole is compiled here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..plan import Compile, Plan
from ..remote.client import Wanted
from ..store import Store
from . import archives, embuilder
from .objects import located_key

#: Seconds that a target made by embuilder is taken to be worth.
_EMBUILDER_SECONDS = 5.0


def wanted_archives(plan: Plan, store: Store, places: Sequence[str], expected: Callable[[Compile], float],
                    workers: int) -> Iterator[Wanted]:
    """The archives of a plan that the store lacks. Each is worth the compiles that it saves."""
    for archive in plan.archives:
        keys = (archive.key, located_key(archive.key, places, 'archive'))
        if not any(store.read(archives.KIND, key) for key in keys):
            seconds = sum(expected(plan.compiles[key]) for key in {key for _, key in archive.members})
            yield Wanted(archives.KIND, keys, seconds / workers)


def wanted_of_embuilder(keys: Iterable[str], store: Store, places: Sequence[str]) -> Iterator[Wanted]:
    """What embuilder would have to make."""
    for key in keys:
        both = (key, located_key(key, places, embuilder.KIND))
        if not any(store.read(embuilder.KIND, each) for each in both):
            yield Wanted(embuilder.KIND, both, _EMBUILDER_SECONDS)
