"""Where indexes are kept: in the store, under the key of their archive. One is recorded whenever an archive is joined."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..host.files import read_file, remove, write_bytes
from ..store import Blob, Store
from .index import SymbolIndex
from .symbols import NmFailed, describe_objects

KIND = 'index'
#: Of the same shape: the names that members define at most (see `lazy_link/ir_symbols.py`).
BOUNDS = 'sketch'
#: One member that stands for all, with the words of their sources (see `lazy_link/identifiers.py`).
IDENTIFIERS = 'words'
#: What records of indexes have that came from elsewhere, unsigned: a link that relies on one looks for itself.
CLAIMED = 'claimed'


def record_index(store: Store, key: str, members: Mapping[str, Path], nm: Path, embedded_paths: Iterable[str],
                 env: Mapping[str, str],
                 ) -> str:
    """Keep the index of an archive that is made of these objects, by their names in its order; what went wrong, if they cannot
    be read."""
    try:
        found = describe_objects(nm, members, carrying=[os.fsencode(path) for path in embedded_paths], env=env)
    except NmFailed as error:
        return str(error)
    store_index(store, key, SymbolIndex(tuple(found.values())))
    return ''


def store_index(store: Store, key: str, index: SymbolIndex, kind: str = KIND, *, claimed: bool = False) -> Blob:
    """Keep an index, or what else there is of its `kind`, under the key of its archive; `claimed`, if it came from elsewhere."""
    file = store.scratch() / f'{key[:32]}.index'
    write_bytes(file, index.encode())
    blob = store.add_file(file)
    mark = {CLAIMED: True} if claimed else {}
    store.write(kind, key, {'digest': blob.digest, 'size': blob.size, 'path': f'{key}.index', **mark})
    return blob


def find_index(store: Store, key: str, kind: str = KIND) -> SymbolIndex | None:
    """The index of the archive of this key, or what else is of this `kind`, if it is known and whole."""
    record = store.read(kind, key)
    blob = Blob.of(record.get('digest'), record.get('size')) if record else None
    if blob and store.has(blob):
        store.mark_used(kind, key)
        return SymbolIndex.decode(read_file(store.path(blob.digest)) or b'')
    return None


def is_claimed(store: Store, key: str) -> bool:
    """Whether the index of this key came from elsewhere, from somebody who did not sign it."""
    return bool((store.read(KIND, key) or {}).get(CLAIMED))


def delete_index(store: Store, key: str, kind: str = KIND) -> None:
    """Forget an index that turned out to be wrong."""
    remove(store.record_path(kind, key))
