"""Checking everything in a store against what its names and records say, and setting right what is not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..canonical import Record, is_file_with
from ..files import remove_tree
from ..home import read_memo
from .blobs import TREE, Store
from .locks import Lock
from .records import is_digest, unseal
from .trees import described_files


@dataclass
class Verified:
    """What a check found: how many things were looked at, and what was wrong with which."""

    checked: int = 0
    damaged: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    def wrong(self, what: str, repair: Callable[[], object] | None = None) -> None:
        """Note that something is wrong, and mend it if that is asked for."""
        self.damaged.append(what)
        if repair:
            with contextlib.suppress(OSError):
                repair()
                self.repaired.append(what)


def verify_store(store: Store, found: Verified, *, repair: bool) -> None:
    """Read every blob, record and tree. Repair takes what is damaged out of the way: it is made again when needed."""
    whole = _verify_blobs(store, found, repair=repair)
    for kind, key, path in list_records(store):
        found.checked += 1
        record = unseal(read_memo(path), kind, key)
        if record is None or (kind == TREE and described_files(record) is None):
            found.wrong(f'record {kind} {key}', partial(remove_tree, path) if repair else None)
        elif not all(is_file_with(store.path(digest), digest) for digest in named_blobs(record) - whole):
            found.wrong(f'record {kind} {key} names what is not there', partial(remove_tree, path) if repair else None)
    for tree in _names(store.root / 'trees'):
        found.checked += 1
        if store.tree_files(tree, read=True) is None:
            found.wrong(f'tree {tree}', partial(_take_tree_away, store, tree) if repair else None)


def _verify_blobs(store: Store, found: Verified, *, repair: bool) -> set[str]:
    """The digests of all blobs that are whole."""
    whole = set()
    for folder in _names(store.root / 'blobs'):
        top = store.root / 'blobs' / folder
        for name in _names(top) if not top.is_symlink() and top.is_dir() else ['']:
            found.checked += 1
            digest = folder + name
            if is_digest(digest) and is_file_with(top / name, digest):
                whole.add(digest)
            else:
                found.wrong(f'blob {digest}', partial(remove_tree, top / name) if repair else None)
    return whole


def _take_tree_away(store: Store, key: str) -> None:
    with store.tree_lock(key) as held:
        if held is not Lock.BUSY and store.tree_files(key, read=True) is None:  # else it is being made right now
            store.set_tree_aside(key)  # its record stays: it tells what the headers in cache directories should be


def named_blobs(record: Record) -> set[str]:
    """The digests of the blobs that a record names: objects, archives, what embuilder made."""
    files = record.get('files')
    listed = [entry[0] for entry in files.values() if isinstance(entry, list) and len(entry) == 2] \
        if isinstance(files, dict) else []
    return {str(digest) for digest in [record.get('digest'), *listed] if is_digest(digest)}


def list_records(store: Store) -> Iterator[tuple[str, str, Path]]:
    """(kind, key, file) of every record, and of whatever lies in its place."""
    top = store.root / 'records'
    for folder, directories, names in os.walk(top):
        for name in sorted([*names, *(name for name in directories if os.path.islink(os.path.join(folder, name)))]):
            path = Path(folder, name)
            kind, *key = path.relative_to(top).parts
            yield kind, '/'.join([''.join(key[:2]), *key[2:]]), path


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
