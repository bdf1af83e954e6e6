"""What embeds the location of an SDK in its bytes, and the names under which the store and remotes keep such things.

A thing may be kept under three keys, looked for in this order:

    located     its bytes embed the location of the SDK in use
    plain       its bytes embeds no location
    anywhere    its bytes embed the location of an SDK of the same content that lies elsewhere

Nothing here is ever made for the last: it comes from a remote or an imported archive, since whoever names one wants what it has.
`Options.own_location` declines it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..hashing import Record, digest_record
from ..sdk import Sdk
from ..store.records import is_digest

#: Stands for a location whose digest nobody recorded.
SOMEWHERE = '0' * 64
Keys = list[tuple[str, str]]
"""Keys, best first, each with the digest of the location that the bytes embed."""
KeysOf = Callable[[str, str], Keys]
"""The keys of what is made under a key, by the kind of its record."""


def embeds_path(file: Path, embedded_paths: Sequence[str]) -> bool:
    """Whether a file has one of these paths in its bytes."""
    return contains_path(file.read_bytes(), embedded_paths)


def contains_path(content: bytes, embedded_paths: Sequence[str]) -> bool:
    """Whether one of these paths is in these bytes."""
    return any(os.fsencode(path) in content for path in embedded_paths)


def local_key(key: str, embedded_paths: Sequence[str], what: str) -> str:
    """The key under which something is kept that embeds the SDK's location in its bytes."""
    return digest_record({what: key, 'places': list(embedded_paths)})


def portable_key(key: str, what: str) -> str:
    """The key under which something is offered to SDKs that lie elsewhere."""
    return digest_record({what: key, 'places': 'anywhere'})


def candidate_keys(key: str, what: str, sdk: Sdk, *, own_place: bool = False) -> Keys:
    """The keys under which something may be kept, best first, each with the digest of the location that its bytes embed."""
    keys = [(local_key(key, sdk.embedded_paths, what), sdk.location_key), (key, '')]
    return keys if own_place else [*keys, (portable_key(key, what), SOMEWHERE)]


def embedded_location(record: Record, location: str) -> str:
    """The digest of the location that the bytes of a record carry; `location` is what its key says of it."""
    said = record.get('place')
    return str(said) if location == SOMEWHERE and is_digest(said) else location
