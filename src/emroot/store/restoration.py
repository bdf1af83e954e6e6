"""Sources for the content of damaged blobs and trees: cache directories, and the SDK."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

from ..errors import EmrootError
from ..hashing import is_file_with
from ..host.copying import copy, install_file
from ..host.files import COPIED, READ_ONLY
from ..host.locks import Lock
from .blobs import TREE, Store
from .trees import described_files


class Restorer:
    """Restores blobs and trees of one store."""

    def __init__(self, store: Store, copies: Callable[[], Iterable[tuple[str, Path]]], folders: Iterable[Path],
                 remake: Callable[[str], bool]) -> None:
        """`copies`: (sha256, path) of files that had these digests. `folders`: directories with copies of
        the files of trees. `remake(key)`: makes the tree of a key again; returns whether it could."""
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
