"""Indexes in the store, under the key of their archive. An index is recorded whenever an archive is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..host.files import read_file, remove, write_bytes
from ..store import Blob, Store
from .index import SymbolIndex
from .symbols import NmFailed, describe_objects, read_symbols

KIND = 'index'
#: The kind of bounds on members (see `lazy_link/symbols/ir_symbols.py`), in the same format.
BOUNDS = 'sketch'
#: Set in records of unsigned indexes from elsewhere: links verify these.
CLAIMED = 'claimed'


def record_index(store: Store, key: str, members: Mapping[str, Path], nm: Path, embedded_paths: Sequence[str],
                 env: Mapping[str, str]) -> str:
    """Store the index of an archive of these objects (by member name, in order). Returns an error message if their symbols
    cannot be read, otherwise an empty string."""
    try:
        found = describe_objects(read_symbols(nm, list(members.values()), env=env), members, embedded_paths)
    except NmFailed as error:
        return str(error)
    store_index(store, key, SymbolIndex(tuple(found.values())))
    return ''


def store_index(store: Store, key: str, index: SymbolIndex, kind: str = KIND, *, claimed: bool = False) -> Blob:
    """Store an index, or another record of this `kind`, under the key of its archive. `claimed`: unsigned, from elsewhere."""
    file = store.scratch() / f'{key[:32]}.index'
    write_bytes(file, index.encode())
    blob = store.add_file(file)
    mark = {CLAIMED: True} if claimed else {}
    store.write(kind, key, {'digest': blob.digest, 'size': blob.size, 'path': f'{key}.index', **mark})
    return blob


def find_index(store: Store, key: str, kind: str = KIND) -> SymbolIndex | None:
    """The index of the archive with this key, or another record of this `kind`; None if it is absent or damaged."""
    record = store.read(kind, key)
    blob = Blob.of(record.get('digest'), record.get('size')) if record else None
    if blob and store.has(blob):
        store.mark_used(kind, key)
        return SymbolIndex.decode(read_file(store.path(blob.digest)) or b'')
    return None


def is_claimed(store: Store, key: str) -> bool:
    """Whether the index with this key came from elsewhere, unsigned."""
    return bool((store.read(KIND, key) or {}).get(CLAIMED))


def delete_index(store: Store, key: str) -> None:
    """Delete an index that turned out to be wrong."""
    remove(store.record_path(KIND, key))
