"""Where `emroot.toml` is, and what names of targets stand for. Loads nothing: most commands find no project."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

NAME = 'emroot.toml'
#: The path of a port's file, with options.
_PORT_FILE = r'(?s)(.+\.py)(:.*)?'


def find_project(directory: Path | None = None) -> Path | None:
    """The `emroot.toml` in `directory` (default: the current one) or in the nearest parent."""
    start = (directory or Path.cwd()).absolute()
    return next((d / NAME for d in [start, *start.parents] if (d / NAME).is_file()), None)


def split_names(given: Iterable[str]) -> list[str]:
    """Names from items that may be comma-separated lists. Paths of port files may contain commas."""
    return [os.path.abspath(name) if _is_file(name) else name for names in given for name in _split(names.split(',')) if name]


def _split(pieces: list[str]) -> Iterator[str]:
    while pieces:
        is_path = bool(set('/\\') & set(pieces[0])) and not _is_file(pieces[0])
        end = next((end for end in range(2, len(pieces) + 1) if is_path and _is_file(','.join(pieces[:end]))), 1)
        yield ','.join(pieces[:end]).strip()
        pieces = pieces[end:]


def _is_file(target: str) -> bool:
    """Whether a target is a port's file, with or without options."""
    found = re.fullmatch(_PORT_FILE, target.strip()) if '.py' in target else None
    return found is not None and os.path.isfile(found[1])
