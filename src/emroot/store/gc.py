"""Garbage collection: remove the least recently used results, never those in use.

The time of a record is its last use (`Store.mark_used`). A blob goes with the last record that names it. Blobs in
cache directories are kept, and everything that was used since the oldest running build began: what a build has
looked up exists when it uses it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..host.files import SLACK, is_stale, read_file, remove_tree
from ..host.home import parse_json
from ..host.scratch import changed_at, running_since, sweep
from .blobs import TREE, Store
from .records import list_records, unseal
from .trees import described_files
from .verification import blob_digests


@dataclass(frozen=True)
class Collected:
    """What was removed, or with `dry_run` would be."""

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
    """Remove what exceeds `max_size` bytes or was not used for `max_age` seconds, and leftovers of killed
    processes. `in_use`: digests of blobs, and keys of trees, in cache directories."""
    now = time.time()
    safe_since = min([now, *running_since(store.root / 'tmp')]) - SLACK
    if not dry_run:
        _clamp_future_times(store, now)
    entries = sorted(_entries(store, set(in_use)), key=lambda entry: entry.used)
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
                remove_tree(path)
    rubbish = _rubbish(store, now)
    files += len(rubbish)
    for path in [] if dry_run else rubbish:
        remove_tree(path)
    if not dry_run:
        sweep(store.root / 'tmp')
    return Collected(files, freed, total - freed)


def _entries(store: Store, protected: set[str]) -> Iterator[_Entry]:
    """The removable units: a blob with the records that name it, a tree with its record, a single record."""
    by_blob: dict[str, _Entry] = {}
    for kind, key, path in list_records(store.root):
        text = read_file(path)
        if text is None:
            continue  # `verify` sees to it
        record, used = unseal(parse_json(text), kind, key) or {}, changed_at(path)
        if kind == TREE:
            if key not in protected:
                size = sum(int(str(described[1])) for described in (described_files(record) or {}).values())
                yield _Entry(used, [path], size, [store.tree_path(key)])
            continue
        digests = blob_digests(record)
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
                found = os.lstat(path)
                entry = by_blob.setdefault(digest, _Entry(found.st_ctime, [], 0, []))
                entry.size, entry.remove = found.st_size, [path]
    yield from (entry for digest, entry in by_blob.items() if digest not in protected)


def _clamp_future_times(store: Store, now: float) -> None:
    """Set record times in the future (a clock was set back) to now, lest these are kept until then."""
    for _, _, path in list_records(store.root):
        if changed_at(path) > now + SLACK:
            with contextlib.suppress(OSError):
                os.utime(path)


def _rubbish(store: Store, now: float) -> list[Path]:
    """Leftovers that are old enough to be unused: quarantined files, locks, temporary files."""
    found = list(is_stale(store.root))
    for name in ('damaged', 'locks'):
        with contextlib.suppress(OSError):
            found += [path for path in (store.root / name).iterdir() if abs(now - changed_at(path)) > SLACK]
    return found
