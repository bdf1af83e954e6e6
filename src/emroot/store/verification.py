"""Verification of a store: compare everything with names and records, and repair differences."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..hashing import Record, is_file_with
from ..host.files import remove_tree
from ..host.home import read_json
from .blobs import TREE, Store
from .records import is_digest, list_records, unseal
from .restoration import Restorer
from .trees import described_files


@dataclass
class Verified:
    """The result of a verification: the number of checks, and the damaged files."""

    checked: int = 0
    damaged: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    """Restored files."""
    removed: list[str] = field(default_factory=list)
    """Removed files; a build makes them again when they are needed."""

    @property
    def left(self) -> list[str]:
        """The damage that remains."""
        return [what for what in self.damaged if what not in self.repaired and what not in self.removed]

    def wrong(self, what: str, restore: Callable[[], bool] | None = None, *, needed: bool = False) -> None:
        """Record damage, and restore it if `restore` is given. `restore` removes what it cannot restore,
        and returns whether it restored it. If a removed file is `needed`, it stays damaged."""
        self.damaged.append(what)
        if restore:
            with contextlib.suppress(OSError):
                if restore():
                    self.repaired.append(what)
                elif not needed:
                    self.removed.append(what)


def verify_store(store: Store, result: Verified, restorer: Restorer | None = None) -> None:
    """Read every blob, record and tree. With a `restorer`, damage is restored or removed."""
    whole = _verify_blobs(store, result, restorer)
    for tree in _names(store.root / 'trees'):
        result.checked += 1
        if store.tree_files(tree, read=True) is None:
            result.wrong(f'tree {tree}', partial(restorer.tree, tree) if restorer else None)
    for kind, key, path in list_records(store.root):
        result.checked += 1
        record = unseal(read_json(path), kind, key)
        if record is None or (kind == TREE and described_files(record) is None):
            result.wrong(f'record {kind} {key}', partial(_remove, path) if restorer else None)
        elif lost := [digest for digest in blob_digests(record) - whole if not is_file_with(store.path(digest), digest)]:
            result.wrong(f'record {kind} {key} names a blob that is missing',
                         partial(_restore_named, restorer, lost, path) if restorer else None)


def _restore_named(restorer: Restorer, digests: list[str], record: Path) -> bool:
    return all(restorer.blob(digest) for digest in digests) or _remove(record)


def _restore_blob(restorer: Restorer, path: Path, digest: str) -> bool:
    _remove(path)
    return is_digest(digest) and restorer.blob(digest)


def _remove(path: Path) -> bool:
    remove_tree(path)
    return False


def _verify_blobs(store: Store, result: Verified, restorer: Restorer | None) -> set[str]:
    """The digests of all intact blobs."""
    whole = set()
    for folder in _names(store.root / 'blobs'):
        top = store.root / 'blobs' / folder
        for name in _names(top) if not top.is_symlink() and top.is_dir() else ['']:
            result.checked += 1
            digest = folder + name
            if is_digest(digest) and is_file_with(top / name, digest):
                whole.add(digest)
            else:
                result.wrong(f'blob {digest}', partial(_restore_blob, restorer, top / name, digest) if restorer else None)
    return whole


def blob_digests(record: Record) -> set[str]:
    """The digests of the blobs in a record: objects, archives, outputs of embuilder."""
    files = record.get('files')
    listed = [entry[0] for entry in files.values() if isinstance(entry, list) and len(entry) == 2] \
        if isinstance(files, dict) else []
    return {str(digest) for digest in [record.get('digest'), *listed] if is_digest(digest)}


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
