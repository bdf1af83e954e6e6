"""Checking a cache directory's content against what was recorded when it was placed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .cachedir import HEADERS, IN_FLIGHT, SANITY, placed, recorded_files
from .canonical import is_file_with
from .files import abandoned, place, read_file, remove, remove_tree
from .home import read_memo, write_memo
from .store import Store
from .store.blobs import TREE
from .store.records import is_below, is_digest
from .store.scratch import Scratch
from .store.trees import described_files
from .store.verify import Verified


def verify_cache(cache: Path, store: Store, found: Verified, *, repair: bool) -> None:
    """Read every library and header of a cache directory. Repair takes the right content from the store; what the store
    does not have is removed, so that no link takes it and the next build makes it again."""
    with contextlib.closing(Scratch(cache / IN_FLIGHT)) as scratch:
        check = _Check(cache, store, found, scratch, repair)
        check.libraries()
        check.headers()
    for path in [*abandoned(cache / 'sysroot'), *abandoned(cache / '.emroot')] if repair else []:
        remove(path)


def _followed(file: Path, record: dict[str, Any]) -> Path:
    """Where the content of a library is: in a base, if it was placed so."""
    return file.resolve() if 'base' in record else file


@dataclass(frozen=True)
class _Check:
    cache: Path
    store: Store
    found: Verified
    scratch: Scratch
    repair: bool

    def libraries(self) -> None:
        """What was placed one by one."""
        for path, record in recorded_files(self.cache):
            self.found.checked += 1
            digest = record['digest']
            if not is_digest(digest) or not is_file_with(_followed(self.cache / path, record), digest):
                self._wrong(path, partial(self._replace, path, digest))

    def headers(self) -> None:
        """What was placed together: the SDK's headers, and emcc's stamps."""
        mark = read_memo(self.cache / HEADERS)
        if mark is None:
            return
        tree = str(mark.get('headers'))
        headers = described_files(self.store.read(TREE, tree)) if is_below(tree) else None
        if headers is None:
            self._wrong(HEADERS, partial(remove, self.cache / HEADERS))
            return
        self.found.checked += len(headers) + 1
        for path, (digest, _, _) in headers.items():
            if not is_file_with(self.cache / path, str(digest)):
                self._wrong(path, partial(self._replace_header, self.store.tree_path(tree) / path, path, str(digest)))
        if read_file(self.cache / SANITY) != str(mark.get('sanity')).encode(errors='replace'):
            self._wrong(SANITY, partial(remove, self.cache / HEADERS))

    def _wrong(self, path: str, repair: Callable[[], object]) -> None:
        self.found.wrong(f'{self.cache / path}', repair if self.repair else None)

    def _replace_header(self, source: Path, path: str, digest: str) -> None:
        remove(self.cache / HEADERS)  # the next build places them anew
        self._take(source, path) if is_file_with(source, digest) else remove_tree(self.cache / path)

    def _replace(self, path: str, digest: object) -> None:
        mark = self.cache / '.emroot' / f'{path}.json'
        source = self.store.path(str(digest)) if is_digest(digest) else None
        if source is not None and is_file_with(source, str(digest)):
            self._take(source, path)
            kept = {name: said for name, said in (read_memo(mark) or {}).items() if name != 'base'}
            write_memo(mark, {**kept, 'stat': placed(os.lstat(self.cache / path))})
            return
        remove_tree(self.cache / path)
        remove(mark)

    def _take(self, source: Path, path: str) -> None:
        place(source, self.cache / path, aside=self.scratch.directory())
