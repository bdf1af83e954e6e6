"""Canonical JSON and digests: how records become keys."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

Record = dict[str, Any]
CHUNK = 1 << 20
#: Content of this size in bytes is worth the 5 ms that OpenSSL takes to load: it digests five times faster.
_LARGE = 1 << 16
_encode = json.JSONEncoder(sort_keys=True, separators=(',', ':'), ensure_ascii=True).encode


def _own_sha256() -> Any:
    """Python's own sha256, which loads no OpenSSL; `hashlib`'s where Python was built without it."""
    for name in ('_sha2', '_sha256'):  # since Python 3.12, and until 3.11; `random` imports its own in the same way
        with contextlib.suppress(ImportError):
            return import_module(name).sha256
    import hashlib
    return hashlib.sha256


#: As `hashlib.sha256`, for little content.
sha256 = _own_sha256()


def _sha256_for(size: int) -> Any:
    """OpenSSL's for large content, and for all once it is loaded."""
    if size < _LARGE and 'hashlib' not in sys.modules:
        return sha256
    import hashlib
    return hashlib.sha256


def canonical_json(record: Any) -> str:
    """JSON that is the same for equal records: sorted keys, no spaces, ASCII."""
    return _encode(record)


def digest_record(record: Any) -> str:
    """The sha256 of a record's canonical JSON, in hexadecimal."""
    return digest_bytes(canonical_json(record).encode())


def digest_bytes(data: bytes) -> str:
    """The sha256 of `data`, in hexadecimal."""
    digest: str = _sha256_for(len(data))(data).hexdigest()
    return digest


def digest_file(path: Path | str) -> str:
    """The sha256 of a file's content, in hexadecimal; reads a megabyte at a time."""
    with open(path, 'rb', buffering=0) as f:
        chunk = f.read(CHUNK)
        digest = _sha256_for(len(chunk))(chunk)
        while chunk:
            chunk = f.read(CHUNK)
            digest.update(chunk)
    found: str = digest.hexdigest()
    return found


def is_file_with(path: Path | str, digest: str) -> bool:
    """Whether `path` is a file (no link, no pipe) that its owner may read and whose content has this digest."""
    try:
        found = os.lstat(path)
        return stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_IRUSR) and digest_file(path) == digest
    except OSError:
        return False
