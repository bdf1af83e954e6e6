"""Checking everything in a store against what its names and records say, and setting right what is not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..canonical import digest_file
from ..home import read_memo
from .blobs import TREE, Store
from .records import is_digest, unseal


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
    for path in _files(store.root / 'blobs'):
        found.checked += 1
        digest = path.parent.name + path.name
        if not is_digest(digest) or not _has_content(path, digest):
            found.wrong(f'blob {digest}', _remover(path) if repair else None)
    for kind, key, path in list_records(store):
        found.checked += 1
        if unseal(read_memo(path), kind, key) is None:
            found.wrong(f'record {kind} {key}', _remover(path) if repair else None)
    for _, key, _ in [r for r in list_records(store) if r[0] == TREE]:
        found.checked += 1
        if store.tree_path(key).exists() and store.tree_files(key, read=True) is None:
            found.wrong(f'tree {key}', partial(store.set_tree_aside, key) if repair else None)


def list_records(store: Store) -> Iterator[tuple[str, str, Path]]:
    """(kind, key, file) of every record."""
    top = store.root / 'records'
    for path in _files(top):
        kind, first, *rest = path.relative_to(top).as_posix().split('/')
        yield kind, first + '/'.join(rest), path


def _has_content(path: Path, digest: str) -> bool:
    try:
        return not path.is_symlink() and digest_file(path) == digest
    except OSError:
        return False


def _remover(path: Path) -> Callable[[], None]:
    return lambda: os.unlink(path)


def _files(top: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            if not name.endswith('.tmp'):
                yield Path(folder, name)
