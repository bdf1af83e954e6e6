"""Unsigned LEB128: numbers of any size, seven bits a byte, as WebAssembly and Protocol Buffers (there: varint) write them."""

from __future__ import annotations


def encode(value: int) -> bytes:
    """The bytes of a number that is not negative."""
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes([*out, value])


def decode(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where the next begins. Raises `ValueError` beyond 70 bits, `IndexError` where the data ends."""
    value = 0
    for shift in range(0, 70, 7):
        value |= (data[at] & 0x7f) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    raise ValueError('no number')
