"""Facts: what is remembered and decides on bytes. Kept with a sum, so that a damaged one is asked again and never believed.

A file holds the answer as JSON, and on a line of its own the sha256 of its name below `memo/` and of that JSON: an answer to
another question is none to this one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..hashing import digest_bytes
from .files import read_file, write_bytes


def read_checked_json(path: Path | str) -> dict[str, Any] | None:
    """A kept answer, or None if there is none that is as it was kept (it is then simply asked again)."""
    content, _, said = (read_file(path) or b'').rpartition(b'\n')
    if not content or said != _sum(path, content):
        return None
    answer = json.loads(content)
    return answer if isinstance(answer, dict) else None


def write_checked_json(path: Path, answer: dict[str, Any]) -> None:
    """Keep an answer, its order included. A home that cannot be written to only costs asking again."""
    content = json.dumps(answer, separators=(',', ':')).encode()
    try:
        write_bytes(path, content + b'\n' + _sum(path, content))
    except OSError:
        return


def _sum(path: Path | str, content: bytes) -> bytes:
    name = os.fspath(path).replace(os.sep, '/').rpartition('/memo/')[2]
    return digest_bytes(os.fsencode(f'{name}\n') + content).encode()
