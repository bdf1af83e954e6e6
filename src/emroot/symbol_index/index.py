"""The index of one archive, and its compact, deterministic file format; and many of them in one file (`emroot index`)."""

from __future__ import annotations

import lzma
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from .. import schemas
from ..host.leb128 import decode, encode
from ..store.records import is_digest

_MAGIC = f'emroot-index-{schemas.SYMBOL_INDEX}\n'.encode()
_BITCODE = 1
_DIGEST = 6
#: The compression level: the highest one would save a tenth of the size and take ten times as long.
_FILTERS = [{'id': lzma.FILTER_LZMA2, 'preset': 1, 'dict_size': 1 << 23}]
#: An upper bound for the unpacked size in bytes, against hostile files.
_LARGEST = 64 << 20
_FILE_MAGIC = f'emroot-indexes-{schemas.INDEX_FILE}\n'.encode()
#: The same for many indexes.
LARGEST = 256 << 20
COMPRESSION = [{'id': lzma.FILTER_LZMA2, 'preset': 9 | lzma.PRESET_EXTREME, 'dict_size': 1 << 26}]


@dataclass(frozen=True)
class MemberSymbols:
    """One member of an archive: the properties that the linker's choice of members depends on."""

    name: str
    defined: tuple[str, ...]
    """External symbols, including weak and common ones: the linker loads a member for any of them. Sorted."""
    undefined: tuple[str, ...] = ()
    """References for which the linker loads other members: not the weak ones. Sorted."""
    bitcode: bool = False
    """Whether it is LLVM bitcode. The linker loads some bitcode members for functions that code generation may call."""
    digest: str = ''
    """The first twelve digits of the object's sha256; empty if it is unknown, or if the object contains a path and differs
    between machines."""
    weak: tuple[str, ...] = field(default=(), compare=False)
    """Weak references, as far as they are known: an index has none."""

    @property
    def symbols(self) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
        """Everything that the linker's choice depends on."""
        return self.defined, self.undefined, self.bitcode


@dataclass(frozen=True)
class SymbolIndex:
    """The members of an archive in order."""

    members: tuple[MemberSymbols, ...]

    @property
    def names(self) -> list[str]:
        return [member.name for member in self.members]

    def encode(self) -> bytes:
        """The compressed file format; deterministic."""
        return _MAGIC + lzma.compress(self.body(), format=lzma.FORMAT_RAW, filters=_FILTERS)

    def body(self) -> bytes:
        """The file format without compression."""
        symbols = sorted({name for m in self.members for name in (*m.defined, *m.undefined)})
        number = {name: n for n, name in enumerate(symbols)}
        numbers = bytearray(encode(len(symbols)) + encode(len(self.members)))
        for m in self.members:
            numbers += encode(_BITCODE if m.bitcode else 0)
            for names in (m.defined, m.undefined):
                numbers += encode(len(names))
                last = 0
                for n in sorted(number[name] for name in names):
                    numbers += encode(n - last)
                    last = n
        digests = b''.join(bytes.fromhex(m.digest or '00' * _DIGEST) for m in self.members)
        text = '\0'.join([*symbols, *(m.name for m in self.members)]).encode()
        return struct.pack('<II', len(text), len(numbers)) + text + bytes(numbers) + digests

    @staticmethod
    def decode(data: bytes) -> SymbolIndex | None:
        """The index from the bytes of `encode`; None if they are invalid."""
        if not data.startswith(_MAGIC):
            return None
        try:
            unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=_FILTERS)
            return SymbolIndex.of_body(unpacker.decompress(data[len(_MAGIC):], max_length=_LARGEST))
        except (lzma.LZMAError, EOFError):
            return None

    @staticmethod
    def of_body(body: bytes) -> SymbolIndex | None:
        """The index from the bytes of `body`; None if they are invalid."""
        try:
            return SymbolIndex(tuple(_members(body)))
        except (ValueError, IndexError, StopIteration, struct.error):
            return None


def _members(body: bytes) -> list[MemberSymbols]:
    text_size, number_size = struct.unpack_from('<II', body)
    text, numbers = body[8:8 + text_size].decode(), _numbers(body[8 + text_size:8 + text_size + number_size])
    digests = body[8 + text_size + number_size:]
    names = text.split('\0') if text else []
    symbols, count = next(numbers), next(numbers)
    if len(names) != symbols + count or len(digests) != count * _DIGEST:
        raise ValueError

    def listed() -> tuple[str, ...]:
        positions = list(accumulate([next(numbers) for _ in range(next(numbers))]))
        if positions and positions[-1] >= symbols:
            raise ValueError
        return tuple(names[position] for position in positions)
    found = []
    for n in range(count):
        bitcode, digest = bool(next(numbers) & _BITCODE), digests[n * _DIGEST:(n + 1) * _DIGEST]
        found.append(MemberSymbols(names[symbols + n], listed(), listed(), bitcode, digest.hex() if any(digest) else ''))
    return found


def _numbers(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = decode(data, at)
        yield value


def encode_indexes(indexes: Mapping[str, SymbolIndex]) -> bytes:
    """Indexes by the keys of their archives. Common parts are stored once."""
    parts = [(bytes.fromhex(key), index.body()) for key, index in sorted(indexes.items())]
    text = b''.join(key + len(body).to_bytes(4, 'little') + body for key, body in parts)
    return _FILE_MAGIC + lzma.compress(text, format=lzma.FORMAT_RAW, filters=COMPRESSION)


def decode_indexes(data: bytes) -> dict[str, bytes] | None:
    """The bodies of indexes (see `SymbolIndex.of_body`) by the keys of their archives; None if the data are invalid."""
    if not data.startswith(_FILE_MAGIC):
        return None
    found = {}
    try:
        unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=COMPRESSION)
        text, at = unpacker.decompress(data[len(_FILE_MAGIC):], max_length=LARGEST), 0
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
