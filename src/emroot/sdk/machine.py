"""The system and processor of an executable, from its header: the reason why it does not run here."""

from __future__ import annotations

import os
import platform
import struct
from pathlib import Path

_ELF = {3: 'x86', 40: 'arm', 62: 'x86-64', 183: 'arm64', 243: 'riscv64'}
_MACH_O = {0x01000007: 'x86-64', 0x0100000C: 'arm64'}
_PE = {0x14C: 'x86', 0x8664: 'x86-64', 0xAA64: 'arm64'}
_HERE = {'AMD64': 'x86-64', 'x86_64': 'x86-64', 'aarch64': 'arm64', 'ARM64': 'arm64'}
_INTERPRETER = 3


def this_machine() -> str:
    """This machine, in the form of `made_for`."""
    return f'{platform.system().replace("Darwin", "macOS")} {_HERE.get(platform.machine(), platform.machine())}'


def made_for(program: Path) -> str:
    """The system and processor of an executable; empty for an unknown format (a script)."""
    try:
        with open(program, 'rb') as f:
            head = f.read(4096)
        if head.startswith(b'\x7fELF'):
            return f'Linux {_ELF.get(_number(head, 18, 2), "of another processor")}'
        if head[:4] == b'\xcf\xfa\xed\xfe':
            return f'macOS {_MACH_O.get(_number(head, 4, 4), "of another processor")}'
        if head.startswith(b'MZ') and head[(at := _number(head, 60, 4)):at + 4] == b'PE\0\0':
            return f'Windows {_PE.get(_number(head, at + 4, 2), "of another processor")}'
    except (OSError, IndexError):
        pass
    return ''


def loader_of(program: Path) -> str:
    """The dynamic loader of a 64-bit Linux program (of glibc, of musl); empty if it has none."""
    try:
        with open(program, 'rb') as f:
            head = f.read(1 << 16)
        if not head.startswith(b'\x7fELF\x02\x01'):
            return ''
        table, size, count = _number(head, 32, 8), _number(head, 54, 2), _number(head, 56, 2)
        for at in range(table, table + size * count, size):
            if _number(head, at, 4) == _INTERPRETER:
                start = _number(head, at + 8, 8)
                return os.fsdecode(head[start:start + _number(head, at + 32, 8)].rstrip(b'\0'))
    except (OSError, IndexError, ValueError):
        pass
    return ''


def why_not_here(program: Path) -> str:
    """Why a program's system, processor or C library keeps it from running here; otherwise empty."""
    made, here = made_for(program), this_machine()
    if made and made != here:
        return f'it is for {made}, and this is {here}'
    loader = loader_of(program)
    if loader and not os.path.exists(loader):
        return f'it needs {loader}, which is missing: it is for another C library than that of this system'
    return ''


def _number(data: bytes, at: int, size: int) -> int:
    if len(data) < at + size:
        raise IndexError(at)
    return int(struct.unpack_from({2: '<H', 4: '<I', 8: '<Q'}[size], data, at)[0])
