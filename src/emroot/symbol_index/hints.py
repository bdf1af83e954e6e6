"""Hints: the symbols of libraries of one SDK, by the names of modes, libraries and members, for predictions with any other.

What a function needs hardly differs between releases, modes and compilers. A hint proves nothing.
"""

from __future__ import annotations

import dataclasses
import lzma
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ..host.files import read_file
from ..modes import Mode, parse_mode
from .index import COMPRESSION, LARGEST, SymbolIndex

HINTS = Path(__file__).with_name('hints.bin')


def encode_hints(indexes: Mapping[tuple[Mode, str], SymbolIndex]) -> bytes:
    """Indexes by mode and target, without what is known of single objects."""
    text = b''
    for (mode, target), index in sorted(indexes.items(), key=lambda item: (item[0][1], str(item[0][0]))):
        body = SymbolIndex(tuple(dataclasses.replace(member, digest='') for member in index.members)).body()
        text += f'{mode}/{target}'.encode() + b'\0' + len(body).to_bytes(4, 'little') + body
    return lzma.compress(text, format=lzma.FORMAT_RAW, filters=COMPRESSION)


def decode_hints(data: bytes) -> dict[tuple[Mode, str], bytes]:
    """The bodies of what `encode_hints` encoded."""
    found, at = {}, 0
    text = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=COMPRESSION).decompress(data, max_length=LARGEST)
    while at < len(text):
        end = text.index(b'\0', at)
        mode, _, target = text[at:end].decode().partition('/')
        size = int.from_bytes(text[end + 1:end + 5], 'little')
        found[parse_mode(mode), target] = text[end + 5:end + 5 + size]
        at = end + 5 + size
    return found


def find_hint(mode: Mode, target: str) -> SymbolIndex | None:
    """The index of the library that is most like this one: the same variant before the same mode. None if there is none."""
    variant = {*target.split('-')[1:]}
    alike = [(len({*other.split('-')[1:]} ^ variant), mode.distance(of), other, of) for of, other in _hints()
             if other.split('-')[0] == target.split('-')[0]]
    if not alike:
        return None
    _, _, other, of = min(alike, key=lambda each: (*each[:3], str(each[3])))
    return SymbolIndex.of_body(_hints()[of, other])


@lru_cache(maxsize=1)
def _hints() -> dict[tuple[Mode, str], bytes]:
    data = read_file(HINTS)
    return decode_hints(data) if data else {}
