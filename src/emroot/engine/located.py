"""What carries the place of an SDK in its bytes, and the names under which the store and remotes keep such things.

A thing may be kept under three keys, looked for in this order:

    located     its bytes carry the place of the SDK in use
    plain       its bytes carry no place
    anywhere    its bytes carry the place of an SDK of the same content that lies elsewhere

Nothing here is ever made for the last: it comes from a remote or an imported archive, since whoever names one wants what it has.
`Options.own_place` declines it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..canonical import Record, digest_record
from ..sdk import Sdk
from ..store.records import is_digest

#: Stands for a place whose digest nobody recorded.
SOMEWHERE = '0' * 64
Keys = list[tuple[str, str]]
"""Keys, best first, each with the digest of the place that the bytes carry."""
KeysOf = Callable[[str, str], Keys]
"""The keys of what is made under a key, by the kind of its record."""


def carries(file: Path, places: Sequence[str]) -> bool:
    """Whether a file has one of these paths in its bytes."""
    return has_place(file.read_bytes(), places)


def has_place(content: bytes, places: Sequence[str]) -> bool:
    """Whether one of these paths is in these bytes."""
    return any(os.fsencode(place) in content for place in places)


def located_key(key: str, places: Sequence[str], what: str) -> str:
    """The key under which something is kept that carries the SDK's place in its bytes."""
    return digest_record({what: key, 'places': list(places)})


def anywhere_key(key: str, what: str) -> str:
    """The key under which something is offered to SDKs that lie elsewhere."""
    return digest_record({what: key, 'places': 'anywhere'})


def keys_of(key: str, what: str, sdk: Sdk, *, own_place: bool = False) -> Keys:
    """The keys under which something may be kept, best first, each with the digest of the place that its bytes carry."""
    keys = [(located_key(key, sdk.places, what), sdk.place), (key, '')]
    return keys if own_place else [*keys, (anywhere_key(key, what), SOMEWHERE)]


def place_in(record: Record, place: str) -> str:
    """The digest of the place that the bytes of a record carry; `place` is what its key says of it."""
    said = record.get('place')
    return str(said) if place == SOMEWHERE and is_digest(said) else place
