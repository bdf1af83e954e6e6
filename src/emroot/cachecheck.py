"""Checking a cache directory's content against what was recorded when it was placed."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from pathlib import Path

from .cachedir import HEADERS, placed, recorded_files
from .canonical import digest_file
from .files import place
from .home import read_memo, write_memo
from .store import Store
from .store.records import is_digest
from .store.verify import Verified


def verify_cache(cache: Path, store: Store, found: Verified, *, repair: bool) -> None:
    """Read every library and header of a cache directory. Repair takes the right content from the store; what the store
    does not have is removed, so that no link takes it and the next build makes it again."""
    for path, record in recorded_files(cache):
        found.checked += 1
        digest = record['digest']
        if not is_digest(digest) or not _holds(cache / path, digest):
            found.wrong(f'{cache / path}', partial(_replace, cache, path, digest, store) if repair else None)
    mark = read_memo(cache / HEADERS)
    if mark is None:
        return
    headers = store.tree_files(str(mark.get('headers')), read=True) or {}
    broken = [path for path, digest in headers.items() if not _holds(cache / path, digest)]
    found.checked += len(headers)
    for path in broken:
        def mend(path: str = path) -> None:
            place(store.tree_path(str(mark['headers'])) / path, cache / path)
        found.wrong(f'{cache / path}', mend if repair else None)
    if not headers or (broken and repair):
        with contextlib.suppress(OSError):
            os.unlink(cache / HEADERS)  # the next build places them anew


def _holds(path: Path, digest: str) -> bool:
    try:
        return not path.is_symlink() and digest_file(path) == digest
    except OSError:
        return False


def _replace(cache: Path, path: str, digest: str, store: Store) -> None:
    mark = cache / '.emroot' / f'{path}.json'
    record = read_memo(mark) or {}
    source = store.path(digest) if is_digest(digest) else None
    if source is not None and _holds(source, digest):
        place(source, cache / path)
        write_memo(mark, {**record, 'stat': placed(os.lstat(cache / path))})
        return
    for gone in (cache / path, mark):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(gone)
