"""Verification of the files in a cache directory against their records."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..hashing import is_file_with
from ..host.files import is_stale, read_file, remove, remove_tree, write_text
from ..host.home import read_json, write_json
from ..host.scratch import Scratch
from ..store import Store
from ..store.blobs import TREE
from ..store.records import is_below, is_digest
from ..store.trees import described_files
from ..store.verification import Restorer, Verified
from .directory import HEADERS, IN_FLIGHT, SANITY, headers_state, recorded_files, stat_fingerprint, write_record
from .placement import settle

#: emcc's files in its cache, apart from the marker of its SDK.
_KEPT = ('sysroot_install.stamp', 'sysroot', 'ports', 'ports-builds', 'build', 'symbol_lists')


def verify_cache(cache: Path, store: Store, result: Verified, restorer: Restorer | None = None) -> None:
    """Read every library and header of a cache directory. A `restorer` restores damaged files from the store, which
    was verified before; what it cannot restore is removed, and counts as damaged until a build makes it again."""
    with contextlib.closing(Scratch(cache / IN_FLIGHT)) as scratch:
        check = _Check(cache, store, result, scratch, restorer)
        check.libraries()
        check.headers()
    for path in [*is_stale(cache / 'sysroot'), *is_stale(cache / '.emroot')] if restorer else []:
        remove(path)


def clear_cache(cache: Path) -> None:
    """Remove the files of emcc and emroot from a cache directory, as emcc does with the cache of another SDK. The
    marker of its SDK goes last: if this is interrupted, the next build continues."""
    records = [path for path in (cache / '.emroot').glob('*') if path not in (cache / IN_FLIGHT, cache / HEADERS)]
    for path in [*(cache / name for name in _KEPT), *records, cache / SANITY, cache / HEADERS]:
        remove_tree(path)


@dataclass(frozen=True)
class _Check:
    cache: Path
    store: Store
    found: Verified
    scratch: Scratch
    restorer: Restorer | None

    def libraries(self) -> None:
        for path, record in recorded_files(self.cache):
            self.found.checked += 1
            digest = record['digest']
            if not is_digest(digest) or not is_file_with(self.cache / path, digest):
                self._wrong(path, partial(self._restore_library, path, record))

    def headers(self) -> None:
        """Verify the SDK's headers and emcc's stamps, which have one record."""
        mark = read_json(self.cache / HEADERS)
        if mark is None:
            return
        tree, before = str(mark.get('headers')), len(self.found.damaged)
        headers = described_files(self.store.read(TREE, tree)) if is_below(tree) else None
        if headers is None and self.restorer and is_below(tree) and self.restorer.tree(tree):
            headers = described_files(self.store.read(TREE, tree))
        self.found.checked += len(headers or ()) + 1
        for path, (digest, _, _) in (headers or {}).items():
            if not is_file_with(self.cache / path, str(digest)):
                self._wrong(path, partial(self._restore_header, tree, path, str(digest)))
        if headers is None and not _headers_unchanged(self.cache, mark):  # the store was deleted
            self._wrong(HEADERS, lambda: False)
        if read_file(self.cache / SANITY) != str(mark.get('sanity')).encode(errors='surrogateescape'):
            self._wrong(SANITY, partial(self._restore_sanity, mark))
        if self.restorer and len(self.found.damaged) > before and isinstance(mark.get('folders'), dict):
            with contextlib.suppress(OSError, ValueError, TypeError):  # some are not there; the next build sees to it
                write_json(self.cache / HEADERS, {**mark, 'state': headers_state(self.cache, mark['folders'])})

    def _wrong(self, path: str, restore: Callable[[], bool]) -> None:
        self.found.wrong(f'{self.cache / path}', restore if self.restorer else None, needed=True)

    def _restore_header(self, tree: str, path: str, digest: str) -> bool:
        source = self.store.tree_path(tree) / path
        if not is_file_with(source, digest) and self.restorer:
            self.restorer.tree(tree)
        return self._take(source, path, digest)

    def _restore_sanity(self, mark: dict[str, Any]) -> bool:
        remove_tree(self.cache / SANITY)
        write_text(self.cache / SANITY, str(mark.get('sanity')), aside=self.scratch.directory())
        return True

    def _restore_library(self, path: str, record: dict[str, Any]) -> bool:
        digest = record['digest']
        sources = [self.store.path(digest), Path(str(record.get('base')))] if is_digest(digest) else []
        if not any(self._take(source, path, digest) for source in sources):
            remove_tree(self.cache / path)
            return False
        state = stat_fingerprint(os.lstat(self.cache / path))
        write_record(self.cache, path, {**record, 'stat': state}, self.scratch.directory())
        return True

    def _take(self, source: Path, path: str, digest: str) -> bool:
        if not is_file_with(source, digest):
            remove_tree(self.cache / path)
            return False
        settle(source, self.cache / path, aside=self.scratch.directory())
        return True


def _headers_unchanged(cache: Path, mark: dict[str, Any]) -> bool:
    try:
        return headers_state(cache, mark['folders']) == mark.get('state')
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False
