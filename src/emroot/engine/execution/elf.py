"""Shared libraries that an ELF program needs."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB = 1, 5


def needed_libraries(program: Path) -> list[str]:
    """The DT_NEEDED names of a 64-bit program (`libLLVM.so.21.1`); none for a static program or another format."""
    try:
        with open(program, 'rb') as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _needed(content)
    except (OSError, ValueError, OverflowError, struct.error):  # not there, empty, or not what it says it is
        return []


def _needed(content: mmap.mmap) -> list[str]:
    if content[:5] != b'\x7fELF\x02':
        return []
    headers, = struct.unpack_from('=Q', content, 32)
    size, count = struct.unpack_from('=HH', content, 54)
    segments = [struct.unpack_from('=IIQQQQ', content, headers + size * i) for i in range(count)]
    if not any(kind == _PT_INTERP for kind, *_ in segments):
        return []
    entries = [entry for kind, _, offset, _, _, length in segments if kind == _PT_DYNAMIC
               for entry in struct.iter_unpack('=QQ', content[offset:offset + length])]
    strings = next((value for tag, value in entries if tag == _DT_STRTAB), 0)
    for kind, _, offset, address, _, length in segments:
        if kind == _PT_LOAD and address <= strings < address + length:
            starts = [strings + offset - address + value for tag, value in entries if tag == _DT_NEEDED]
            return [content[start:content.find(b'\0', start)].decode() for start in starts]
    return []
