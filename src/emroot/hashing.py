"""Canonical JSON and digests: how records become keys."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

Record = dict[str, Any]
CHUNK = 1 << 20
_encode = json.JSONEncoder(sort_keys=True, separators=(',', ':'), ensure_ascii=True).encode


def canonical_json(record: Any) -> str:
    """JSON that is the same for equal records: sorted keys, no spaces, ASCII."""
    return _encode(record)


def digest_record(record: Any) -> str:
    """The sha256 of a record's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(record).encode()).hexdigest()


def digest_bytes(data: bytes) -> str:
    """The sha256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path | str) -> str:
    """The sha256 of a file's content, in hexadecimal; reads a megabyte at a time."""
    digest = hashlib.sha256()
    with open(path, 'rb', buffering=0) as f:
        while chunk := f.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def is_file_with(path: Path | str, digest: str) -> bool:
    """Whether `path` is a file (no link, no pipe) that its owner may read and whose content has this digest."""
    try:
        found = os.lstat(path)
        return stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_IRUSR) and digest_file(path) == digest
    except OSError:
        return False
