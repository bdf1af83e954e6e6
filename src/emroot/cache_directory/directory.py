"""Cache directories: what emcc uses as EM_CACHE, complete for frozen use. All modes of one SDK share one. Its
files are copies: a change to one (by emcc itself, or by root) affects neither another cache directory nor the
store nor a base.

    <cache>/sysroot/include, sysroot/lib/...   headers, and archives by mode
    <cache>/sysroot_install.stamp              emcc: the headers are installed
    <cache>/sanity.txt                         emcc: this cache is for this SDK, do not erase it
    <cache>/.emroot/FILE.json                  emroot: the record of FILE (key, digest, size, time)
    <cache>/.emroot/headers.json               emroot: the installed headers, and their stat fingerprints
    <cache>/.emroot/tmp/                       emroot: unfinished files (see `host/scratch.py`)
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError, from_os_error
from ..hashing import Record, digest_record
from ..host.files import flush, read_file, stat_files, stat_if_there, write_text
from ..host.home import read_json, write_json
from ..host.scratch import Scratch
from ..sdk import Sdk
from ..store import Blob, Store
from ..store.records import seal, unseal
from ..store.trees import list_files
from .placement import by_folder, copy_tree, settle

#: The record of the headers.
HEADERS = '.emroot/headers.json'
#: The kind of a file's record, whose key is the file's path.
_KIND = 'placed'
#: The directory of unfinished files.
IN_FLIGHT = '.emroot/tmp'
#: emcc's marker of its own cache; with another content emcc erases the cache.
SANITY = 'sanity.txt'
#: The `places` of an imported file that contains another SDK's path, and is accepted.
FOREIGN = ['elsewhere']


class CacheDirectory:
    """A cache directory of one SDK, to which any number of processes may write. Files that a build with an `origin`
    (see `trust.origin_of`) installed are valid only for builds with the same origin."""

    def __init__(self, root: Path, sdk: Sdk, origin: str = '') -> None:
        self.root = root.absolute()
        self.sdk, self._origin = sdk, origin
        self._scratch = Scratch(self.root / IN_FLIGHT)
        #: Files that were changed or removed by another program, and are now restored.
        self.restored: set[str] = set()

    def close(self) -> None:
        """Remove this process's unfinished files. Called at the end of a build, even after an error."""
        self._scratch.close()

    def require_outside_sdk(self) -> None:
        """Raises `UsageError` if the directory is inside the SDK."""
        if self.root == self.sdk.root or self.sdk.root in self.root.parents:
            raise UsageError(f'the cache directory {self.root} is inside the SDK, and emroot never writes to an SDK',
                             hint='choose a directory outside of the SDK with --cache')

    def is_anothers(self) -> bool:
        """Whether it was last used with another SDK, or is another emcc's: none of its libraries is valid."""
        mark, marker = read_json(self.root / HEADERS), read_file(self.root / SANITY)
        return mark.get('sdk') != self.sdk.digest if mark else marker is not None and not self._is_marked()

    def prepare(self, headers: Path) -> None:
        """Make it a cache directory of this SDK: headers (from the directory `headers`), stamps and the marker that
        keeps emcc from erasing it. Raises `StoreError` if it cannot be written to, `UsageError` inside the SDK."""
        self.require_outside_sdk()
        mark = self.root / HEADERS
        state: dict[str, Any] = {'headers': headers.name, 'sdk': self.sdk.digest, 'sanity': self.sdk.sanity}
        try:
            if not self.has_headers(headers):
                aside, before = self._scratch.directory(), read_json(mark) or {}
                replaced = copy_tree(headers, self.root, aside=aside)
                if state.items() <= before.items():
                    self.restored.update(replaced)
                state['folders'] = by_folder(list_files(headers))
                state['state'] = headers_state(self.root, state['folders'])
                write_json(mark, state, aside=aside)
                if not self._is_marked():
                    write_text(self.root / SANITY, self.sdk.sanity, aside=aside)
        except OSError as error:
            raise from_os_error(error, f'preparing the cache directory {self.root}') from error

    def has_headers(self, headers: Path | None = None) -> bool:
        """Whether the headers (of `headers`, if given) and emcc's stamps are installed and unchanged."""
        mark = read_json(self.root / HEADERS)
        if not mark or mark.get('sdk') != self.sdk.digest or (headers and mark.get('headers') != headers.name):
            return False
        folders = mark.get('folders')
        try:
            return self._is_marked() and isinstance(folders, dict) and headers_state(self.root, folders) == mark.get('state')
        except (OSError, ValueError, TypeError):  # a file is not there, or the mark is nothing that was written here
            return False

    def _is_marked(self) -> bool:
        """Whether emcc would use this cache without erasing it."""
        return read_file(self.root / SANITY) == self.sdk.sanity.encode(errors='surrogateescape')

    def recorded_location(self, path: str, key: str) -> str | None:
        """The digest of the SDK location in the bytes of the file at `path` (relative), empty for none. None if it
        was not made for `key`, was changed since, or was built here for another location: the SDK was moved."""
        record = self.recorded(path)
        if record.get('key') != key or record.get('places') not in (None, self.sdk.embedded_paths, FOREIGN):
            return None
        if record.get('origin', '') not in ('', self._origin) or not _are_current(record.get('inputs', ())):
            return None
        return self.location_of(record) if is_unchanged(self.root / path, record) else None

    def holds(self, path: str, key: str) -> bool:
        """Whether the file at `path` (relative) was made for `key`, and is unchanged since."""
        return self.recorded_location(path, key) is not None

    def location_of(self, record: Mapping[str, Any]) -> str:
        """The digest of the SDK location in the bytes of a recorded file; empty for none."""
        if record.get('places') == FOREIGN:
            return str(record.get('place'))
        return self.sdk.location_key if record.get('places') else ''

    def put(self, path: str, key: str, blob: Blob, store: Store, *, carries: str = '',
            inputs: Sequence[Sequence[Any]] = ()) -> None:
        """Install a blob at `path` (relative). `carries`: the digest of the SDK location in its bytes. `inputs`:
        files and their stamps; the file is valid while these are unchanged."""
        self._put(path, store.path(blob.digest), {'key': key, 'digest': blob.digest, **self._location_fields(carries),
                                                  **({'inputs': inputs} if inputs else {})})

    def refer(self, path: str, key: str, file: Path, digest: str, *, carries: str = '') -> None:
        """Install a file of a base at `path` (relative)."""
        self._put(path, file, {'key': key, 'digest': digest, 'base': str(file), **self._location_fields(carries)})

    def _put(self, path: str, source: Path, record: dict[str, Any]) -> None:
        target, before = self.root / path, self.recorded(path)
        try:
            aside = self._scratch.directory()
            changed = settle(source, target, aside=aside)
            if changed and all(before.get(name) == record[name] for name in ('key', 'digest')):
                self.restored.add(path)
            flush(target)  # a record is believed: when the power fails, it must not be there without its file
            origin = {'origin': self._origin} if self._origin else {}
            write_record(self.root, path, {**record, 'stat': stat_fingerprint(os.lstat(target)), **origin}, aside)
        except OSError as error:
            raise from_os_error(error, f'adding to the cache directory {self.root}') from error

    def _location_fields(self, location: str) -> dict[str, Any]:
        """The part of a record about the SDK location in the bytes."""
        if location in ('', self.sdk.location_key):
            return {'places': self.sdk.embedded_paths} if location else {}
        return {'places': FOREIGN, 'place': location}

    def recorded(self, path: str) -> dict[str, Any]:
        """The record of the file at `path` (relative); empty if there is none."""
        return unseal(read_json(_record_file(self.root, path)), _KIND, path) or {}


def headers_state(root: Path, folders: Mapping[str, Sequence[str]]) -> str:
    """A digest of the stat fingerprints of these files, by directory."""
    return digest_record([stat_fingerprint(found) for folder, names in folders.items()
                          for found in stat_files(os.path.join(root, folder), names, follow_symlinks=False)])


def _are_current(inputs: Any) -> bool:
    """Whether the recorded inputs of a port are what they were; other libraries have none."""
    if not inputs:
        return True
    from ..probe.port_inputs import are_current  # lazy import: for ports only
    return are_current(inputs)


def recorded_files(cache: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every library that emroot installed in a cache directory: its path, and its record."""
    records = cache / '.emroot'
    for folder, directories, names in os.walk(records):
        if folder == str(records):
            directories[:] = [name for name in directories if name not in ('tmp', 'lazy')]
        for name in sorted(names):
            path = Path(folder, name).relative_to(records).as_posix().removesuffix('.json')
            record = unseal(read_json(Path(folder, name)), _KIND, path)
            if record and 'stat' in record and 'digest' in record:
                yield path, record


def write_record(cache: Path, path: str, record: Record, aside: Path) -> None:
    write_json(_record_file(cache, path), seal(record, _KIND, path), aside=aside)


def _record_file(cache: Path, path: str) -> Path:
    return cache / '.emroot' / f'{path}.json'


def is_unchanged(file: Path, record: dict[str, Any]) -> bool:
    """Whether a file is unchanged since its installation, by size, time and identity."""
    found = stat_if_there(file)
    return found is not None and stat_fingerprint(found) == record.get('stat')


def stat_fingerprint(found: os.stat_result) -> list[int]:
    """A stat fingerprint: it changes when the file is changed, replaced or linked elsewhere."""
    return [found.st_size, found.st_mtime_ns, found.st_ino, stat.S_IFMT(found.st_mode) | found.st_mode & stat.S_IRUSR,
            found.st_nlink]
