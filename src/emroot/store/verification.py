"""Verification of a store: compare everything with names and records, and repair differences from copies: in cache
directories, and from the SDK."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from ..errors import EmrootError
from ..hashing import Record, is_file_with
from ..host.copying import copy, install_file
from ..host.files import COPIED, READ_ONLY, list_names, remove_tree
from ..host.home import read_json
from ..host.locks import Lock
from .blobs import TREE, Store
from .records import is_digest, list_records, unseal
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
        return [what for what in self.damaged if what not in self.repaired and what not in self.removed]

    def wrong(self, what: str, restore: Callable[[], bool] | None = None, *, needed: bool = False) -> None:
        """Record damage, and restore it if `restore` is given, which removes what it cannot restore, and returns
        whether it did. If a removed file is `needed`, it stays damaged."""
        self.damaged.append(what)
        if restore:
            with contextlib.suppress(OSError):
                if restore():
                    self.repaired.append(what)
                elif not needed:
                    self.removed.append(what)


class Restorer:
    def __init__(self, store: Store, copies: Callable[[], Iterable[tuple[str, Path]]], folders: Iterable[Path],
                 remake: Callable[[str], bool]) -> None:
        """`copies`: (sha256, path) of files that had these digests. `folders`: directories with copies of the
        files of trees. `remake(key)`: makes the tree of a key again; returns whether it could."""
        self.store, self._copies, self._folders, self._remake = store, copies, list(folders), remake
        self._tried: set[str] = set()

    def blob(self, digest: str) -> bool:
        """Restore a blob. Returns whether the store now has the right content."""
        source = next((path for path in self._by_digest.get(digest, ()) if is_file_with(path, digest)), None)
        if source is None:
            return False
        file = self.store.scratch() / f'restored-{os.urandom(4).hex()}'
        copy(source, file)
        self.store.add_file(file, digest)
        return True

    @cached_property
    def _by_digest(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for digest, path in self._copies():
            found.setdefault(digest, []).append(path)
        return found

    def tree(self, key: str) -> bool:
        """Restore the tree of `key`. Returns whether it is complete; otherwise it is quarantined."""
        if self.store.tree_files(key, read=True) is not None:
            return True
        if key in self._tried:
            return False
        self._tried.add(key)
        with self.store.tree_lock(key) as held:
            if held is Lock.BUSY:  # it is being made right now
                return True
            with contextlib.suppress(OSError):
                self._restore_tree(key)
            if self.store.tree_files(key, read=True) is not None:
                return True
            self.store.quarantine_tree(key)  # its record stays: it tells what the headers in cache directories should be
        with contextlib.suppress(EmrootError):
            return self._remake(key) and self.store.tree_files(key, read=True) is not None
        return False

    def _restore_tree(self, key: str) -> None:
        """Replace damaged files of a tree by copies in cache directories."""
        top = self.store.tree_path(key)
        for path, (digest, _, time) in (described_files(self.store.read(TREE, key)) or {}).items():
            if not is_file_with(top / path, str(digest)):
                source = next(self._sources(path, str(digest)), None)
                if source is None or not top.is_dir():
                    return
                install_file(source, top / path, linked=False, aside=self.store.scratch())
                os.chmod(top / path, COPIED)  # Windows sets no times of what is read-only
                os.utime(top / path, ns=(int(str(time)), int(str(time))))
                os.chmod(top / path, READ_ONLY)

    def _sources(self, path: str, digest: str) -> Iterator[Path]:
        return (folder / path for folder in self._folders if is_file_with(folder / path, digest))


def verify_store(store: Store, result: Verified, restorer: Restorer | None = None) -> None:
    """Read every blob, record and tree. With a `restorer`, damage is restored or removed."""
    whole = _verify_blobs(store, result, restorer)
    for tree in list_names(store.root / 'trees'):
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
    for folder in list_names(store.root / 'blobs'):
        top = store.root / 'blobs' / folder
        for name in list_names(top) if not top.is_symlink() and top.is_dir() else ['']:
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
