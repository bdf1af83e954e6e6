"""What to ask a remote for before anything is compiled, and what to offer it: whole archives, and what embuilder made.

One question instead of the thousand that the objects of a libc would be; what is not there as a whole is compiled here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..plan import Compile, Plan
from ..remote.client import Offer, Wanted
from ..sdk import Sdk
from ..store import Store
from . import archives, embuilder
from .located import KeysOf, anywhere_key, located_key

#: Seconds that a target made by embuilder is taken to be worth.
_EMBUILDER_SECONDS = 5.0


def wanted_archives(plan: Plan, store: Store, keys_of: KeysOf, expected: Callable[[Compile], float],
                    workers: int) -> Iterator[Wanted]:
    """The archives of a plan that the store lacks. Each is worth the compiles that it saves."""
    for archive in plan.archives:
        keys = tuple(key for key, _ in keys_of(archive.key, archives.KIND))
        if not any(store.read(archives.KIND, key) for key in keys):
            seconds = sum(expected(plan.compiles[key]) for key in {key for _, key in archive.members})
            yield Wanted(archives.KIND, keys, seconds / workers, tuple(name for name, _ in archive.members))


def wanted_of_embuilder(targets: Iterable[str], store: Store, keys_of: KeysOf) -> Iterator[Wanted]:
    """What embuilder would have to make."""
    for target in targets:
        keys = tuple(key for key, _ in keys_of(target, embuilder.KIND))
        if not any(store.read(embuilder.KIND, key) for key in keys):
            yield Wanted(embuilder.KIND, keys, _EMBUILDER_SECONDS)


def offer_of(key: str, what: str, sdk: Sdk, *, located: bool) -> Offer:
    """How to offer what was made here: what carries this place also to SDKs that lie elsewhere."""
    if not located:
        return Offer(what, key)
    return Offer(what, located_key(key, sdk.places, what), anywhere=anywhere_key(key, what), place=sdk.place)
