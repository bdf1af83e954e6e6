"""Cached answers that decide on output bytes: JSON, and on another line the sha256 of the file's name below
`memo/` and that JSON, so that a damaged answer, or one to another question, is queried again."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from ..hashing import digest_bytes
from .files import read_file, write_bytes


def read_checked_json(path: Path | str) -> dict[str, Any] | None:
    """A cached answer; None if it is absent or damaged."""
    content, _, checksum = (read_file(path) or b'').rpartition(b'\n')
    if not content or checksum != _sum(path, content):
        return None
    answer = json.loads(content)
    return answer if isinstance(answer, dict) else None


def write_checked_json(path: Path, answer: dict[str, Any]) -> None:
    """Cache an answer, in its order. If the home is not writable, it is queried again next time."""
    content = json.dumps(answer, separators=(',', ':')).encode()
    with contextlib.suppress(OSError):
        write_bytes(path, content + b'\n' + _sum(path, content))


def _sum(path: Path | str, content: bytes) -> bytes:
    name = os.fspath(path).replace(os.sep, '/').rpartition('/memo/')[2]
    return digest_bytes(os.fsencode(f'{name}\n') + content).encode()
