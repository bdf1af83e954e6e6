"""Blobs by content and records by key.

    store/
      VERSION                 the format's number
      blobs/ab/cdef...        read-only files named by the sha256 of their content: objects and archives
      records/KIND/ab/cdef... JSON: what a key's work resulted in (see `records.py`)
      trees/KEY/              a directory made once: an SDK's installed headers
      tmp/NAME/               files in flight, one directory per process, swept when its process is gone
      damaged/                blobs whose content was no longer that of their name, until `gc` removes them
      locks/                  see `locks.py`
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..canonical import Record, canonical_json, digest_file
from ..errors import StoreError, from_os_error
from ..files import READ_ONLY, remove_tree, replace, write_bytes, write_text
from ..home import read_memo
from .locks import try_lock
from .ownership import PRIVATE, refuse_foreign
from .records import is_digest, seal, unseal
from .trees import describe, list_files, whole_tree

VERSION = 2
TREE = 'tree'


@dataclass(frozen=True)
class Blob:
    """A content's name and its size in bytes."""

    digest: str
    size: int

    @staticmethod
    def of(digest: object, size: object) -> Blob | None:
        """The blob that a record names, or None if these can be no digest and size."""
        if is_digest(digest) and isinstance(size, int) and size >= 0:
            return Blob(str(digest), size)
        return None


class Store:
    """One store. Nothing in it is ever changed; files appear whole under their names."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scratch: Path | None = None
        self._scratch_lock: contextlib.ExitStack | None = None
        self._making = threading.Lock()

    def prepare(self) -> None:
        """Make the store, or see that this emroot can read the one that is there.

        Raises `StoreError` if it cannot be written to or has another format.
        """
        version = self.root / 'VERSION'
        refuse_foreign(self.root)
        try:
            found = version.read_text(encoding='utf-8').strip()
        except FileNotFoundError:
            try:
                self.root.mkdir(parents=True, exist_ok=True)
                os.chmod(self.root, PRIVATE)
                write_text(version, f'{VERSION}\n')
            except OSError as error:
                raise from_os_error(error, 'preparing the store') from error
            return
        except OSError as error:
            raise from_os_error(error, 'opening the store') from error
        if found != str(VERSION):
            raise StoreError(f'the store at {self.root} has format {found[:20]!r}, this emroot reads {VERSION}',
                             mend='use another home (EMROOT_HOME), or delete that directory: it is a cache')

    # --- blobs ---

    def path(self, digest: str) -> Path:
        """Where a blob lies, or would."""
        return self.root / 'blobs' / digest[:2] / digest[2:]

    def has(self, blob: Blob) -> bool:
        """Whether a blob is there and has the content that its name says. One that has not is set aside."""
        path = self.path(blob.digest)
        try:
            found = os.lstat(path)
            if stat.S_ISREG(found.st_mode) and found.st_size == blob.size and digest_file(path) == blob.digest:
                return True
        except FileNotFoundError:
            return False
        except OSError:  # no permission to read it, or a directory in its place: as good as damaged
            self.set_aside(blob.digest)
            return False
        self.set_aside(blob.digest)
        return False

    def set_aside(self, digest: str) -> None:
        """Take a damaged blob out of the way, so that it is made again."""
        aside = self.root / 'damaged' / f'{digest}-{os.urandom(4).hex()}'
        with contextlib.suppress(OSError):
            aside.parent.mkdir(parents=True, exist_ok=True)
            os.rename(self.path(digest), aside)

    def adopt(self, file: Path, digest: str | None = None) -> Blob:
        """Take over a finished file of `scratch()` under its content's name; the file is gone afterwards."""
        try:
            name = digest or digest_file(file)
            blob = Blob(name, os.stat(file).st_size)
            target = self.path(name)
            if self.has(blob):
                os.unlink(file)
                return blob
            os.chmod(file, READ_ONLY)
            try:
                replace(file, target)
            except FileNotFoundError:
                target.parent.mkdir(parents=True, exist_ok=True)
                replace(file, target)
        except OSError as error:
            raise from_os_error(error, 'adding to the store') from error
        return blob

    # --- records ---

    def record_path(self, kind: str, key: str) -> Path:
        """Where a record lies, or would."""
        return self.root / 'records' / kind / key[:2] / key[2:]

    def read(self, kind: str, key: str) -> Record | None:
        """A record, or None if there is none that is whole and of this key."""
        return unseal(read_memo(self.record_path(kind, key)), kind, key)

    def read_all(self, kind: str, family: str) -> list[Record]:
        """All records whose key is `FAMILY/...`, in the order of their names."""
        try:
            names = sorted(name for name in os.listdir(self.record_path(kind, family)) if not name.startswith('.'))
        except OSError:
            return []
        return [record for name in names if (record := self.read(kind, f'{family}/{name}'))]

    def write(self, kind: str, key: str, record: Record) -> None:
        """Keep a record under its key."""
        try:
            write_bytes(self.record_path(kind, key), canonical_json(seal(record, kind, key)).encode())
        except OSError as error:
            raise from_os_error(error, 'adding to the store') from error

    def touch(self, kind: str, key: str) -> None:
        """Note that a record was of use just now: `gc` removes what was of no use for longest."""
        with contextlib.suppress(OSError):
            os.utime(self.record_path(kind, key))

    # --- trees ---

    def tree(self, key: str, make: Callable[[Path], None]) -> Path:
        """The directory of `key`, made by `make(directory)` aside and renamed into place if it is not there, or not as
        it was made."""
        target = self.tree_path(key)
        if self.tree_files(key) is not None:
            return target
        with try_lock(self.root / 'locks' / f'tree-{key[:16]}', seconds=120):
            if self.tree_files(key) is not None:
                return target
            aside = self.scratch() / f'tree-{os.urandom(4).hex()}'
            try:
                aside.mkdir()
                make(aside)
                files = {path: describe(aside / path) for path in list_files(aside)}
                self.set_tree_aside(key)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(aside, target)
                self.write(TREE, key, {'files': files})
            except OSError as error:
                if self.tree_files(key) is None:  # else another process was first: its tree is as good
                    raise from_os_error(error, 'adding to the store') from error
            finally:
                remove_tree(aside)
        return target

    def tree_path(self, key: str) -> Path:
        """Where a tree lies, or would."""
        return self.root / 'trees' / key

    def tree_files(self, key: str, *, read: bool = False) -> dict[str, str] | None:
        """The digest of each file of a tree by its path; None if the tree is not there, or not as it was made.

        Sizes and times tell, unless `read` asks for the content.
        """
        record = self.read(TREE, key)
        if record is None or not whole_tree(self.tree_path(key), record['files'], read=read):
            return None
        return {path: str(described[0]) for path, described in record['files'].items()}

    def set_tree_aside(self, key: str) -> None:
        """Take a damaged tree out of the way."""
        aside = self.root / 'damaged' / f'{key}-{os.urandom(4).hex()}'
        with contextlib.suppress(FileNotFoundError):
            aside.parent.mkdir(parents=True, exist_ok=True)
            os.rename(self.tree_path(key), aside)

    # --- files in flight ---

    def scratch(self) -> Path:
        """This process's directory for files in flight, on the store's file system."""
        with self._making:  # several workers may want it first
            if self._scratch is None:
                self._sweep()
                name = f'{os.getpid()}-{os.urandom(4).hex()}'
                directory = self.root / 'tmp' / name
                with contextlib.ExitStack() as stack:
                    # Locked before it is there, so that no other process's sweep finds it unlocked.
                    stack.enter_context(try_lock(self.root / 'tmp' / f'{name}.lock'))
                    try:
                        directory.mkdir(parents=True)
                    except OSError as error:
                        raise from_os_error(error, 'preparing the store') from error
                    self._scratch_lock = stack.pop_all()
                self._scratch = directory
            return self._scratch

    def close(self) -> None:
        """Remove what is in flight. Called at the end of a build, however it ends."""
        if self._scratch is not None:
            remove_tree(self._scratch)
            if self._scratch_lock:
                self._scratch_lock.close()
            with contextlib.suppress(OSError):
                os.unlink(self._scratch.with_name(self._scratch.name + '.lock'))
            self._scratch = None

    def _sweep(self) -> None:
        """Remove what processes left in flight that were killed: those whose lock nobody holds."""
        for directory in _directories(self.root / 'tmp'):
            lock = directory.with_name(directory.name + '.lock')
            if not lock.exists():
                continue  # being made right now, or on a file system without locks: `gc` looks at its age
            with try_lock(lock) as held:
                if held:
                    remove_tree(directory)
                    with contextlib.suppress(OSError):
                        os.unlink(lock)

    def __enter__(self) -> Store:
        self.prepare()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _directories(path: Path) -> Iterator[Path]:
    try:
        yield from [p for p in path.iterdir() if p.is_dir()]
    except OSError:
        return
