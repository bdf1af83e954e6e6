"""Results that contain the path of an SDK, and their keys in the store and in remotes.

A result may have three keys, tried in this order:

    located     its bytes contain the path of the SDK in use
    plain       its bytes contain no path
    anywhere    its bytes contain the path of an SDK of the same content in another directory

A build here never makes the last kind: it comes from a remote or an imported archive, because users of a
remote prefer a download to a compile. `Options.own_location` declines it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..hashing import Record, digest_record
from ..sdk import Sdk
from ..store.records import is_digest

#: A placeholder for an unrecorded location.
SOMEWHERE = '0' * 64
Keys = list[tuple[str, str]]
"""Keys, best first, each with the digest of the SDK location in the bytes."""
KeysOf = Callable[[str, str], Keys]
"""The keys of a result, from its key and the kind of its record."""


def embeds_path(file: Path, embedded_paths: Sequence[str]) -> bool:
    return contains_path(file.read_bytes(), embedded_paths)


def contains_path(content: bytes, embedded_paths: Sequence[str]) -> bool:
    return any(os.fsencode(path) in content for path in embedded_paths)


def local_key(key: str, embedded_paths: Sequence[str], what: str) -> str:
    """The key of a result that contains the SDK's path. `what`: the kind of the result."""
    return digest_record({what: key, 'places': list(embedded_paths)})


def portable_key(key: str, what: str) -> str:
    """The key under which a result is uploaded for SDKs in other directories."""
    return digest_record({what: key, 'places': 'anywhere'})


def candidate_keys(key: str, what: str, sdk: Sdk, *, own_location: bool = False) -> Keys:
    keys = [(local_key(key, sdk.embedded_paths, what), sdk.location_key), (key, '')]
    return keys if own_location else [*keys, (portable_key(key, what), SOMEWHERE)]


def embedded_location(record: Record, location: str) -> str:
    """The digest of the SDK location in a result's bytes: that of its key, or for an `anywhere` key of its record."""
    recorded = record.get('place')
    return str(recorded) if location == SOMEWHERE and is_digest(recorded) else location
