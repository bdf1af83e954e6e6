"""Where indexes are kept: in the store, under the key of their archive. One is recorded whenever an archive is joined."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..files import read_file, remove, write_bytes
from ..store import Blob, Store
from .symbols import NmFailed, describe_objects
from .table import Index

KIND = 'index'
#: Of the same shape: the names that members define at most (see `lazy/sketch.py`).
BOUNDS = 'sketch'


def record_index(store: Store, key: str, members: Mapping[str, Path], nm: Path, places: Iterable[str], env: Mapping[str, str],
                 ) -> str:
    """Keep the index of an archive that is made of these objects, by their names in its order; what went wrong, if they cannot
    be read."""
    try:
        found = describe_objects(nm, members, carrying=[os.fsencode(place) for place in places], env=env)
    except NmFailed as error:
        return str(error)
    keep_index(store, key, Index(tuple(found.values())))
    return ''


def keep_index(store: Store, key: str, index: Index, *, bounds: bool = False) -> Blob:
    """Keep an index, or `bounds`, under the key of its archive."""
    file = store.scratch() / f'{key[:32]}.index'
    write_bytes(file, index.encode())
    blob = store.adopt(file)
    store.write(_kind(bounds), key, {'digest': blob.digest, 'size': blob.size, 'path': f'{key}.index'})
    return blob


def find_index(store: Store, key: str, *, bounds: bool = False) -> Index | None:
    """The index of the archive of this key, or its `bounds`, if it is known and whole."""
    record = store.read(_kind(bounds), key)
    blob = Blob.of(record.get('digest'), record.get('size')) if record else None
    if blob and store.has(blob):
        store.touch(_kind(bounds), key)
        return Index.decode(read_file(store.path(blob.digest)) or b'')
    return None


def withdraw_index(store: Store, key: str, *, bounds: bool = False) -> None:
    """Forget an index that turned out to be wrong."""
    remove(store.record_path(_kind(bounds), key))


def _kind(bounds: bool) -> str:
    return BOUNDS if bounds else KIND
