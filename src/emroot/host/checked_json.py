"""Facts: cached answers that decide on output bytes. They have a checksum; a damaged one is queried again.

A file contains the answer as JSON, and on another line the sha256 of its name below `memo/` and that JSON: an
answer to another question is invalid.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..hashing import digest_bytes
from .files import read_file, write_bytes


def read_checked_json(path: Path | str) -> dict[str, Any] | None:
    """A cached answer; None if it is absent or damaged."""
    content, _, said = (read_file(path) or b'').rpartition(b'\n')
    if not content or said != _sum(path, content):
        return None
    answer = json.loads(content)
    return answer if isinstance(answer, dict) else None


def write_checked_json(path: Path, answer: dict[str, Any]) -> None:
    """Cache an answer, in its order. If the home is not writable, it is queried again next time."""
    content = json.dumps(answer, separators=(',', ':')).encode()
    try:
        write_bytes(path, content + b'\n' + _sum(path, content))
    except OSError:
        return


def _sum(path: Path | str, content: bytes) -> bytes:
    name = os.fspath(path).replace(os.sep, '/').rpartition('/memo/')[2]
    return digest_bytes(os.fsencode(f'{name}\n') + content).encode()
