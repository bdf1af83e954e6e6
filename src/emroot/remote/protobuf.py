"""The subset of the Protocol Buffers wire format that Bazel's remote APIs need:
https://protobuf.dev/programming-guides/encoding."""

from __future__ import annotations

from collections.abc import Iterator

from ..host import leb128

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def message(number: int, *content: bytes) -> bytes:
    """Encode a message, string or bytes field."""
    value = b''.join(content)
    return leb128.encode(number << 3 | _BYTES) + leb128.encode(len(value)) + value


def text(number: int, value: str) -> bytes:
    """Encode a string field; nothing for an empty string."""
    return message(number, value.encode()) if value else b''


def integer(number: int, value: int) -> bytes:
    """A field that holds a number that is not negative; nothing for 0."""
    return leb128.encode(number << 3 | _VARINT) + leb128.encode(value) if value else b''


def fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields, by number. Raises `ValueError` or `IndexError` for invalid data."""
    for number, value in _all(data):
        if isinstance(value, bytes):
            yield number, value


def repeated(data: bytes, field_number: int) -> list[bytes]:
    """The values of a repeated length-delimited field."""
    return [value for number, value in fields(data) if number == field_number]


def numbers(data: bytes, field_number: int) -> list[int]:
    """The numbers of a field: repeated, packed or single."""
    found: list[int] = []
    for number, value in _all(data):
        if number == field_number and isinstance(value, int):
            found.append(value)
        elif number == field_number and isinstance(value, bytes):
            at = 0
            while at < len(value):
                one, at = leb128.decode(value, at)
                found.append(one)
    return found


def field(data: bytes, *path: int) -> bytes:
    """The last field with this number, or with several numbers the nested field; empty if it is missing."""
    for field_number in path:
        data = (repeated(data, field_number) or [b''])[-1]
    return data


def _all(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(data):
        tag, at = leb128.decode(data, at)
        if tag & 7 == _BYTES:
            size, at = leb128.decode(data, at)
            if size > len(data) - at:
                raise ValueError('cut off')
            yield tag >> 3, data[at:at + size]
            at += size
        elif tag & 7 == _VARINT:
            value, at = leb128.decode(data, at)
            yield tag >> 3, value
        elif tag & 7 in (_FIXED64, _FIXED32):
            at += 8 if tag & 7 == _FIXED64 else 4
        else:
            raise ValueError('no message')
