"""A cache directory: what emcc reads as EM_CACHE. Complete for frozen use; all modes of one SDK share one.

    <cache>/sysroot/include, sysroot/lib/...   headers, and archives by mode
    <cache>/sysroot_install.stamp              emcc: the headers are there
    <cache>/sanity.txt                         emcc: this cache is mine, do not erase it
    <cache>/.emroot/FILE.json                  emroot: what FILE holds (key, digest, size, time)
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .canonical import digest_record
from .errors import UsageError, from_os_error
from .files import link_or_copy, place, stat_files, write_text
from .home import read_memo, write_memo
from .sdk import Sdk
from .store import Blob, Store
from .store.trees import list_files

#: Where a cache directory notes which headers it has.
HEADERS = '.emroot/headers.json'


class CacheDirectory:
    """One cache directory of one SDK. Every file appears at once; any number of processes may fill it."""

    def __init__(self, root: Path, sdk: Sdk) -> None:
        self.root = root.absolute()
        self.sdk = sdk

    def prepare(self, headers: Path) -> None:
        """Make it a cache directory of this SDK: headers, stamps and the mark that keeps emcc from erasing it.

        `headers` is a directory that holds what the SDK installs. Raises `StoreError` if it cannot be written to,
        `UsageError` if it lies inside the SDK.
        """
        if self.root == self.sdk.root or self.sdk.root in self.root.parents:
            raise UsageError(f'the cache directory {self.root} lies inside the SDK, which is never written to',
                             mend='choose a directory outside of it with --cache')
        mark = self.root / HEADERS
        state: dict[str, Any] = {'headers': headers.name, 'sdk': self.sdk.digest}
        try:
            if not self.has_headers(headers):
                link_tree(headers, self.root)
                state['folders'] = _by_folder(list_files(headers))
                state['state'] = self._state(state['folders'])
                mark.parent.mkdir(parents=True, exist_ok=True)
                write_memo(mark, state)
            sanity = self.root / 'sanity.txt'
            if not sanity.exists() or sanity.read_text(encoding='utf-8') != self.sdk.sanity:
                write_text(sanity, self.sdk.sanity)
        except OSError as error:
            raise from_os_error(error, f'preparing the cache directory {self.root}') from error

    def has_headers(self, headers: Path | None = None) -> bool:
        """Whether the headers are there as they were placed (those of `headers`, if given), and emcc's stamps with them."""
        mark = read_memo(self.root / HEADERS)
        if not mark or mark.get('sdk') != self.sdk.digest or (headers and mark.get('headers') != headers.name):
            return False
        folders = mark.get('folders')
        try:
            whole = isinstance(folders, dict) and self._state(folders) == mark.get('state')
            return whole and (self.root / 'sanity.txt').read_text(encoding='utf-8') == self.sdk.sanity
        except (OSError, ValueError):
            return False

    def _state(self, folders: Mapping[str, Sequence[str]]) -> str:
        """A digest of what tells that these files, by the folder they lie in, are as they were placed."""
        return digest_record([placed(found) for folder, names in folders.items()
                              for found in stat_files(os.path.join(self.root, folder), names, follow_symlinks=False)])

    def holds(self, path: str, key: str) -> bool:
        """Whether the file at `path` (relative) is what `key` makes, untouched since it was put there."""
        record = read_memo(self._record(path))
        if not record or record.get('key') != key or record.get('places') not in (None, self.sdk.places):
            return False
        try:
            found = os.lstat(self.root / path)
        except OSError:
            return False
        return placed(found) == record.get('stat')

    def put(self, path: str, key: str, blob: Blob, store: Store, *, located: bool = False) -> None:
        """Place a blob at `path` (relative): a hard link where possible. `located` says that its bytes carry the place
        of the SDK, so that it is not what the same SDK elsewhere would make."""
        target = self.root / path
        try:
            place(store.path(blob.digest), target)
            found = os.stat(target)
            record: dict[str, Any] = {'key': key, 'digest': blob.digest, 'stat': placed(found),
                                      **({'places': self.sdk.places} if located else {})}
            self._record(path).parent.mkdir(parents=True, exist_ok=True)
            write_memo(self._record(path), record)
        except OSError as error:
            raise from_os_error(error, f'adding to the cache directory {self.root}') from error

    def _record(self, path: str) -> Path:
        return self.root / '.emroot' / f'{path}.json'


def _by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition('/')
        folders.setdefault(folder, []).append(name)
    return folders


def recorded_files(cache: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every library that emroot placed in a cache directory, by its path, and what was recorded of it."""
    records = cache / '.emroot'
    for folder, _, names in os.walk(records):
        for name in sorted(names):
            record = read_memo(Path(folder, name))
            if record and 'stat' in record and 'digest' in record:
                yield Path(folder, name).relative_to(records).as_posix().removesuffix('.json'), record


def is_as_placed(file: Path, record: dict[str, Any]) -> bool:
    """Whether a file is the one that was placed, by its size, time and identity."""
    try:
        return bool(placed(os.lstat(file)) == record['stat'])
    except OSError:
        return False


def placed(found: os.stat_result) -> list[int]:
    """What tells that a file is the one that was placed and was not touched since, without reading it."""
    return [found.st_size, found.st_mtime_ns, found.st_ino, stat.S_IFMT(found.st_mode)]


def link_tree(source: Path, target: Path) -> None:
    """Make every file below `source` appear below `target`; files that are there are replaced."""
    pending = [(str(source), str(target))]
    while pending:
        here, there = pending.pop()
        os.makedirs(there, exist_ok=True)
        present = {entry.name for entry in os.scandir(there)}
        for entry in os.scandir(here):
            goal = os.path.join(there, entry.name)
            if entry.is_dir():
                pending.append((entry.path, goal))
            elif entry.name in present:
                place(Path(entry.path), Path(goal))
            else:
                try:
                    link_or_copy(entry.path, goal)
                except FileExistsError:
                    place(Path(entry.path), Path(goal))
