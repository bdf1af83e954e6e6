"""Protocol Buffers' wire format, as far as messages of Bazel's remote APIs need it: https://protobuf.dev/programming-guides/encoding."""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def message(number: int, *content: bytes) -> bytes:
    """A field that holds a message, a string or bytes."""
    value = b''.join(content)
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def text(number: int, value: str) -> bytes:
    """A field that holds a string; nothing for an empty one."""
    return message(number, value.encode()) if value else b''


def integer(number: int, value: int) -> bytes:
    """A field that holds a number that is not negative; nothing for 0."""
    return _varint(number << 3 | _VARINT) + _varint(value) if value else b''


def fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields that hold bytes, by number. Raises `ValueError` or `IndexError` for what is no message."""
    for number, value in _all(data):
        if isinstance(value, bytes):
            yield number, value


def numbers(data: bytes, wanted: int) -> list[int]:
    """The numbers of a field, repeated, packed or single."""
    found: list[int] = []
    for number, value in _all(data):
        if number == wanted and isinstance(value, int):
            found.append(value)
        elif number == wanted and isinstance(value, bytes):
            at = 0
            while at < len(value):
                one, at = _read_varint(value, at)
                found.append(one)
    return found


def field(data: bytes, *path: int) -> bytes:
    """The last field of this number, or, of several numbers, the field in the field; empty if it is not there."""
    for wanted in path:
        data = next((value for number, value in reversed(list(fields(data))) if number == wanted), b'')
    return data


def _all(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        if tag & 7 == _BYTES:
            size, at = _read_varint(data, at)
            if size > len(data) - at:
                raise ValueError('cut off')
            yield tag >> 3, data[at:at + size]
            at += size
        elif tag & 7 == _VARINT:
            value, at = _read_varint(data, at)
            yield tag >> 3, value
        elif tag & 7 in (_FIXED64, _FIXED32):
            at += 8 if tag & 7 == _FIXED64 else 4
        else:
            raise ValueError('no message')


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        value |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    raise ValueError('no number')
