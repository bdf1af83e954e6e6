"""Indexes of many archives in one file: those that come with emroot, and the files of `emroot index`."""

from __future__ import annotations

import lzma
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path

from .. import schemas
from ..host.files import read_file
from ..store.records import is_digest
from .index import SymbolIndex

BUNDLED = Path(__file__).with_name('indexes')
_MAGIC = f'emroot-indexes-{schemas.BUNDLED_INDEXES}\n'.encode()
_LARGEST = 256 << 20
_FILTERS = [{'id': lzma.FILTER_LZMA2, 'preset': 9 | lzma.PRESET_EXTREME, 'dict_size': 1 << 26}]


def encode_indexes(indexes: Mapping[str, SymbolIndex]) -> bytes:
    """Indexes by the keys of their archives. Common parts are stored once."""
    parts = [(bytes.fromhex(key), index.body()) for key, index in sorted(indexes.items())]
    text = b''.join(key + len(body).to_bytes(4, 'little') + body for key, body in parts)
    return _MAGIC + lzma.compress(text, format=lzma.FORMAT_RAW, filters=_FILTERS)


def decode_indexes(data: bytes) -> dict[str, bytes] | None:
    """The bodies of indexes (see `Index.of_body`) by the keys of their archives; None if the data are
    invalid."""
    if not data.startswith(_MAGIC):
        return None
    found = {}
    try:
        unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=_FILTERS)
        text, at = unpacker.decompress(data[len(_MAGIC):], max_length=_LARGEST), 0
        while at < len(text):
            key, size = text[at:at + 32].hex(), int.from_bytes(text[at + 32:at + 36], 'little')
            body = text[at + 36:at + 36 + size]
            if not is_digest(key) or len(body) != size:
                return None
            found[key] = body
            at += 36 + size
    except (lzma.LZMAError, EOFError):
        return None
    return found


def find_bundled(sdk_digest: str, key: str) -> SymbolIndex | None:
    """The index of an archive that came with emroot for this SDK; None if there is none."""
    body = _bundled(sdk_digest[:16]).get(key)
    return SymbolIndex.of_body(body) if body else None


def closest_bundled(sdk_digest: str, members: Collection[str]) -> SymbolIndex | None:
    """The index of this SDK that came with emroot and has the most of these member names: the same
    library, in some mode. None if none has most of them."""
    wanted, best, found = set(members), 0.5, ''
    for key, names in _members(sdk_digest[:16]).items():
        alike = len(names & wanted) / len(names | wanted)
        if alike > best:
            best, found = alike, key
    return find_bundled(sdk_digest, found)


@lru_cache(maxsize=2)
def _members(name: str) -> dict[str, frozenset[str]]:
    """The member names of each archive in a shipped file."""
    indexes = {key: SymbolIndex.of_body(body) for key, body in _bundled(name).items()}
    return {key: frozenset(index.names) for key, index in indexes.items() if index and index.members}


@lru_cache(maxsize=2)
def _bundled(name: str) -> dict[str, bytes]:
    return decode_indexes(read_file(BUNDLED / f'{name}.index') or b'') or {}
