"""Indexes of many archives in one file: the files of `emroot index`."""

from __future__ import annotations

import lzma
from collections.abc import Mapping

from .. import schemas
from ..store.records import is_digest
from .index import SymbolIndex

_MAGIC = f'emroot-indexes-{schemas.INDEX_FILE}\n'.encode()
#: An upper bound for the unpacked size in bytes, against hostile files.
LARGEST = 256 << 20
COMPRESSION = [{'id': lzma.FILTER_LZMA2, 'preset': 9 | lzma.PRESET_EXTREME, 'dict_size': 1 << 26}]


def encode_indexes(indexes: Mapping[str, SymbolIndex]) -> bytes:
    """Indexes by the keys of their archives. Common parts are stored once."""
    parts = [(bytes.fromhex(key), index.body()) for key, index in sorted(indexes.items())]
    text = b''.join(key + len(body).to_bytes(4, 'little') + body for key, body in parts)
    return _MAGIC + lzma.compress(text, format=lzma.FORMAT_RAW, filters=COMPRESSION)


def decode_indexes(data: bytes) -> dict[str, bytes] | None:
    """The bodies of indexes (see `SymbolIndex.of_body`) by the keys of their archives; None if the data are invalid."""
    if not data.startswith(_MAGIC):
        return None
    found = {}
    try:
        unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=COMPRESSION)
        text, at = unpacker.decompress(data[len(_MAGIC):], max_length=LARGEST), 0
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
