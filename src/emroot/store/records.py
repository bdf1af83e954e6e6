"""Records on disk: JSON objects with a kind, a key and a digest over all of it. A truncated, changed or moved
record counts as absent, so the work is done again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..hashing import Record, digest_record

_SEAL = 'sum'
_DIGEST = frozenset('0123456789abcdef')


def seal(record: Record, kind: str, key: str) -> Record:
    """The JSON object for `record`, with checksum, kind and key."""
    body = {**record, 'record': kind, 'of': key}
    return {**body, _SEAL: digest_record(body)}


def unseal(found: Record | None, kind: str, key: str) -> Record | None:
    """The record in a JSON object; None if checksum, kind or key do not match."""
    if not found or found.get('record') != kind or found.get('of') != key:
        return None
    body = {name: value for name, value in found.items() if name != _SEAL}
    try:
        if found.get(_SEAL) != digest_record(body):
            return None
    except RecursionError:  # deeper than anything that is written here
        return None
    return {name: value for name, value in body.items() if name not in ('record', 'of')}


def is_digest(text: object) -> bool:
    """Whether this is a sha256 in lower-case hexadecimal. Nothing else may become part of a path."""
    return isinstance(text, str) and len(text) == 64 and _DIGEST.issuperset(text)


def is_below(path: object) -> bool:
    """Whether a recorded path (forward slashes) is relative and does not leave its directory."""
    if not isinstance(path, str) or any(character in path for character in '\\:\0'):
        return False
    try:
        os.fsencode(path)
    except UnicodeEncodeError:  # no file has such a name
        return False
    return all(part not in ('', '.', '..') for part in path.split('/'))


def list_records(root: Path) -> Iterator[tuple[str, str, Path]]:
    """(kind, key, file) of every record of the store at `root`, and of other files in their directories."""
    top = root / 'records'
    for folder, directories, names in os.walk(top):
        for name in sorted([*names, *(name for name in directories if os.path.islink(os.path.join(folder, name)))]):
            path = Path(folder, name)
            kind, *key = path.relative_to(top).parts
            yield kind, '/'.join([''.join(key[:2]), *key[2:]]), path
