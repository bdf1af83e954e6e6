"""Records that tell whether they are whole and where they belong.

A record on disk is a JSON object with its kind, its key and a digest over all of it. One that was cut off, changed, or moved
to another's location reads as if it were not there, so what it was about is simply done again.
"""

from __future__ import annotations

import os

from ..hashing import Record, digest_record

_SEAL = 'sum'
_DIGEST = frozenset('0123456789abcdef')


def seal(record: Record, kind: str, key: str) -> Record:
    """What is written for `record`."""
    body = {**record, 'record': kind, 'of': key}
    return {**body, _SEAL: digest_record(body)}


def unseal(found: Record | None, kind: str, key: str) -> Record | None:
    """The record that was written, or None if this is not it."""
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
    """Whether this can be the name of a blob; nothing else may become part of a path."""
    return isinstance(text, str) and len(text) == 64 and _DIGEST.issuperset(text)


def is_below(path: object) -> bool:
    """Whether a recorded path (forward slashes) stays below the directory that it is relative to."""
    if not isinstance(path, str) or any(character in path for character in '\\:\0') or not _can_be_spelled(path):
        return False
    return all(part not in ('', '.', '..') for part in path.split('/'))


def _can_be_spelled(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True
