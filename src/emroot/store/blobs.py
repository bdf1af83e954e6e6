"""Blobs by content and records by key.

store/
  VERSION                 the format's number
  blobs/ab/cdef...        read-only files named by the sha256 of their content: objects and archives
  records/KIND/ab/cdef... JSON: what a key's work resulted in (see `records.py`); KIND@ORIGIN: by a project's remote or base
  trees/KEY/              a directory made once: an SDK's installed headers
  tmp/NAME/               files in flight, one directory per process (see `host/scratch.py`)
  damaged/                blobs whose content was no longer that of their name, until `gc` removes them
  locks/                  see `host/locks.py`
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..errors import from_os_error
from ..hashing import Record, canonical_json, digest_file, is_file_with
from ..host.files import READ_ONLY, list_names, make_directories, remove_tree, replace, write_bytes
from ..host.home import read_json
from ..host.locks import Lock, try_lock
from ..host.scratch import Scratch
from .format import prepare_store
from .records import is_digest, seal, unseal
from .trees import describe_files, described_files, is_complete, list_files

TREE = 'tree'
#: Kinds of records that depend only on the SDK and on local compiles, never on results of others.
OWN_KINDS = frozenset((TREE, 'object', 'family', 'closure'))


class Blob(NamedTuple):
    """The sha256 and the size (bytes) of a content."""

    digest: str
    size: int

    @staticmethod
    def of(digest: object, size: object) -> Blob | None:
        """The blob in a record; None if digest or size is invalid."""
        return Blob(str(digest), size) if is_digest(digest) and isinstance(size, int) and size >= 0 else None


class Store:
    """A store. Files are never changed; they appear complete, by a rename. With an `origin` (see `trust.origin_of`),
    records of results that others may have made have a kind of their own, which no other store reads."""

    def __init__(self, root: Path, origin: str = '') -> None:
        self.root, self.origin = root, origin
        self._scratch = Scratch(root / 'tmp')
        self._blobs, self._records = str(root / 'blobs'), str(root / 'records')  # joined as text: for every object several times
        self._made: set[str] = set()

    def prepare(self) -> None:
        prepare_store(self.root)

    # --- blobs ---

    def path(self, digest: str) -> Path:
        """The path of a blob, whether it exists or not."""
        return Path(f'{self._blobs}{os.sep}{digest[:2]}{os.sep}{digest[2:]}')

    def has(self, blob: Blob) -> bool:
        """Whether a blob exists and has the right content. A damaged one is quarantined."""
        path = self.path(blob.digest)
        try:
            found = os.lstat(path)
            if found.st_size == blob.size and is_file_with(path, blob.digest):
                return True
        except OSError:
            return False
        self.quarantine(blob.digest)
        return False

    def quarantine(self, digest: str) -> None:
        """Move a damaged blob away, so that it is made again."""
        with contextlib.suppress(OSError):
            self._quarantine(self.path(digest), digest)

    def _quarantine(self, path: Path, name: str) -> None:
        aside = self.root / 'damaged' / f'{name}-{os.urandom(4).hex()}'
        make_directories(aside.parent)
        os.rename(path, aside)

    def add_file(self, file: Path, digest: str | None = None) -> Blob:
        """Move a finished file from `scratch()` into the store, under the name of its content."""
        try:
            name = digest or digest_file(file)
            blob = Blob(name, os.stat(file).st_size)
            target = self.path(name)
            if self.has(blob):
                os.unlink(file)
                return blob
            os.chmod(file, READ_ONLY)
            self._make_room(target)
            replace(file, target)
        except OSError as error:
            raise from_os_error(error, 'adding to the store') from error
        return blob

    # --- records ---

    def record_path(self, kind: str, key: str) -> Path:
        paths = [Path(self._record(each, key)) for each in self._kinds(kind)]
        return next(filter(Path.exists, paths), paths[-1])

    def _record(self, kind: str, key: str) -> str:
        return f'{self._records}{os.sep}{kind}{os.sep}{key[:2]}{os.sep}{key[2:]}'

    def _kinds(self, kind: str) -> tuple[str, ...]:
        """The kinds to search, this user's own first; new records get the last one."""
        return (kind,) if not self.origin or kind in OWN_KINDS else (kind, f'{kind}@{self.origin}')

    def read(self, kind: str, key: str) -> Record | None:
        """The record of this key; None if there is none, or it is damaged."""
        for each in self._kinds(kind):
            if record := unseal(read_json(self._record(each, key)), each, key):
                return record
        return None

    def read_all(self, kind: str, family: str) -> list[Record]:
        """All records whose key is `FAMILY/...`, sorted by name."""
        names = [name for name in list_names(self._record(kind, family)) if not name.startswith('.')]
        return [record for name in names if (record := self.read(kind, f'{family}/{name}'))]

    def write(self, kind: str, key: str, record: Record) -> None:
        try:
            kind = self._kinds(kind)[-1]
            path = self._record(kind, key)
            self._make_room(path)
            write_bytes(path, canonical_json(seal(record, kind, key)).encode(), aside=self.scratch())
        except OSError as error:
            raise from_os_error(error, 'adding to the store') from error

    def _make_room(self, path: Path | str) -> None:
        """Create the directory for a file of the store; a link in its position is removed."""
        parent = os.path.dirname(path)
        if parent in self._made:
            with contextlib.suppress(OSError):
                if stat.S_ISDIR(os.lstat(parent).st_mode):
                    return
        folders = Path(path).parents
        for folder in folders[:len(folders) - len(self.root.parts)]:
            if os.path.islink(folder):
                os.unlink(folder)
        make_directories(parent)
        self._made.add(parent)

    def mark_used(self, kind: str, key: str) -> None:
        """Mark a record as used now: `gc` removes the least recently used records first."""
        for each in self._kinds(kind):
            with contextlib.suppress(OSError):
                os.utime(self._record(each, key))

    # --- trees ---

    def tree(self, key: str, make: Callable[[Path], None]) -> Path:
        """The directory of `key`. One that is missing or damaged `make(directory)` makes, aside."""
        self.tree_with_files(key, make)
        return self.tree_path(key)

    def tree_with_files(self, key: str, make: Callable[[Path], None]) -> dict[str, str]:
        """The same, but what `tree_files` says of it, which takes milliseconds."""
        files = self.tree_files(key)
        if files is None:
            with self.tree_lock(key, seconds=120):
                if self.tree_files(key) is None:
                    self._make_tree(key, make)
            files = self.tree_files(key)
        self.mark_used(TREE, key)
        return files or {}

    def _make_tree(self, key: str, make: Callable[[Path], None]) -> None:
        target, aside = self.tree_path(key), self.scratch() / f'tree-{os.urandom(4).hex()}'
        try:
            aside.mkdir()
            make(aside)
            files = describe_files(aside, list_files(aside))
            make_directories(target.parent)
            while not is_complete(target, files):  # it is, at once, where there are no locks and another process was first
                self.quarantine_tree(key)
                try:
                    os.rename(aside, target)
                except OSError as error:
                    if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                        raise
            self.write(TREE, key, {'files': files if not aside.exists() else describe_files(target, files)})
        except OSError as error:
            if self.tree_files(key) is None:  # else another process was first: its tree is as good
                raise from_os_error(error, 'adding to the store') from error
        finally:
            remove_tree(aside)

    def tree_lock(self, key: str, *, seconds: float = 0.0) -> contextlib.AbstractContextManager[Lock]:
        """The lock of the process that makes a tree (see `try_lock`)."""
        return try_lock(self.root / 'locks' / f'tree-{key[:16]}', seconds=seconds)

    def compile_lock(self, key: str) -> contextlib.AbstractContextManager[Lock]:
        """The lock of the process that compiles for a key, without waiting. There are some thousand, for all keys."""
        return try_lock(self.root / 'locks' / f'compile-{key[:3]}')

    def tree_path(self, key: str) -> Path:
        return self.root / 'trees' / key

    def tree_files(self, key: str, *, read: bool = False) -> dict[str, str] | None:
        """The sha256 of each file of a tree, by path; None if it is missing or damaged (`read`: by content)."""
        files = described_files(self.read(TREE, key))
        if files is None or not is_complete(self.tree_path(key), files, read=read):
            return None
        return {path: str(described[0]) for path, described in files.items()}

    def quarantine_tree(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._quarantine(self.tree_path(key), key)

    def scratch(self) -> Path:
        """This process's directory for unfinished files, on the file system of the store."""
        return self._scratch.directory()

    def close(self) -> None:
        """Remove this process's unfinished files. Called at the end of a build, even after an error."""
        self._scratch.close()

    def __enter__(self) -> Store:
        self.prepare()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
