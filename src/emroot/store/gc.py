"""Bounding a store: what was of no use for longest goes first; what is in use stays.

A record's time is when it was last of use (`Store.touch`). Blobs go with the last record that names them. Kept whatever their
age are blobs that a cache directory holds, and everything of use since the oldest running build began: a build that has
looked something up finds it there when it comes to use it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..files import remove, remove_tree
from .blobs import TREE, Store
from .locks import try_lock
from .records import is_digest, unseal
from .verify import list_records

#: Seconds for which anything is kept after it was of use, whatever clocks of several machines say.
SLACK = 600.0


@dataclass(frozen=True)
class Collected:
    """What was removed, or would be."""

    files: int
    bytes: int
    kept_bytes: int


@dataclass
class _Entry:
    used: float
    records: list[Path]
    size: int
    remove: list[Path]


def collect(store: Store, in_use: Iterable[str], *, max_size: int | None = None, max_age: float | None = None,
            dry_run: bool = False) -> Collected:
    """Remove what exceeds `max_size` bytes or was of no use for `max_age` seconds, and rubbish.

    `in_use` are digests that cache directories hold.
    """
    now = time.time()
    safe_since = min([now, *_running_since(store)]) - SLACK
    protected = set(in_use)
    entries = sorted(_entries(store, protected), key=lambda entry: entry.used)
    total = sum(entry.size for entry in entries)
    files = freed = 0
    for entry in entries:
        over = max_size is not None and total - freed > max_size
        old = max_age is not None and entry.used < now - max_age
        if not (over or old) or entry.used >= safe_since:
            continue
        freed += entry.size
        files += len(entry.remove)
        if not dry_run:
            for path in [*entry.records, *entry.remove]:
                remove_tree(path) if path.is_dir() else remove(path)
    rubbish = [path for path in _rubbish(store) if _age(path, now) > SLACK]
    for path in rubbish:
        files += 1
        if not dry_run:
            remove_tree(path)
    return Collected(files, freed, total - freed)


def _entries(store: Store, protected: set[str]) -> Iterator[_Entry]:
    """What can go as a whole: a blob with the records that name it, a tree with its record, a record alone."""
    by_blob: dict[str, _Entry] = {}
    for kind, key, path in list_records(store):
        try:
            with open(path, 'rb') as f:
                text = f.read()
            used = path.stat().st_mtime
        except OSError:
            continue
        record = unseal(_parse(text), kind, key) or {}
        if kind == TREE:
            size = sum(int(described[1]) for described in record.get('files', {}).values())
            yield _Entry(used, [path], size, [store.tree_path(key)])
            continue
        named = [record.get('digest'), *(entry[0] for entry in record.get('files', {}).values()
                                         if isinstance(entry, list))] if isinstance(record.get('files', {}), dict) else []
        digests = [digest for digest in named if is_digest(digest)]
        if not digests:
            yield _Entry(used, [path], len(text), [])
        for digest in digests:
            entry = by_blob.setdefault(digest, _Entry(0.0, [], 0, []))
            entry.used = max(entry.used, used)
            entry.records.append(path)
    for folder, _, names in os.walk(store.root / 'blobs'):
        for name in names:
            digest, path = os.path.basename(folder) + name, Path(folder, name)
            with contextlib.suppress(OSError):
                found = path.stat()
                entry = by_blob.setdefault(digest, _Entry(found.st_ctime, [], 0, []))
                entry.size, entry.remove = found.st_size, [path]
    yield from (entry for digest, entry in by_blob.items() if digest not in protected)


def _parse(text: bytes) -> dict[str, object] | None:
    import json
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _running_since(store: Store) -> Iterator[float]:
    """When each build that is running now began: those whose directory in flight is locked."""
    try:
        directories = [path for path in (store.root / 'tmp').iterdir() if path.is_dir()]
    except OSError:
        return
    for directory in directories:
        with try_lock(directory.with_name(directory.name + '.lock')) as held:
            if not held:
                with contextlib.suppress(OSError):
                    yield directory.stat().st_ctime


def _rubbish(store: Store) -> Iterator[Path]:
    """What killed processes and damage left: set-aside blobs, temporary files, locks nobody will ask for again."""
    for name in ('damaged', 'locks'):
        with contextlib.suppress(OSError):
            yield from list((store.root / name).iterdir())
    for folder, _, names in os.walk(store.root):
        yield from (Path(folder, name) for name in names if name.endswith('.tmp'))


def _age(path: Path, now: float) -> float:
    try:
        return now - os.lstat(path).st_mtime
    except OSError:
        return 0.0
