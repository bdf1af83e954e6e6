"""Stubs: objects of a few hundred bytes that define the symbols of a member that was not compiled.

Before the linker loads a member, it knows three facts of it: its position in the archive, whether it is bitcode, and
the symbols that it defines. A stub agrees with the real object in these facts, so while no stub is loaded the linker
decides as with the whole archive. The content of a stub does not matter: a link that loads one does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...host.leb128 import encode

_CUSTOM, _TYPE, _IMPORT, _FUNCTION, _CODE = 0, 1, 2, 3, 10
_MEMORY, _IS_64 = 2, 4
_LINKING_VERSION, _SYMBOL_TABLE = 2, 8
_DEFINED_FUNCTION = 0
_WITH_NAME = 0x40


def wasm_stub(names: Sequence[str], triple: str) -> bytes:
    """A WebAssembly object in which all `names` are one function that traps. A 64-bit memory marks objects of 64-bit programs."""
    memory = _text('env') + _text('__linear_memory') + bytes([_MEMORY, _IS_64 if triple.startswith('wasm64') else 0, 0])
    symbols = b''.join(bytes([_DEFINED_FUNCTION]) + encode(_WITH_NAME if n else 0) + encode(0) + _text(name)
                       for n, name in enumerate(names))
    linking = _text('linking') + encode(_LINKING_VERSION) + _section(_SYMBOL_TABLE, encode(len(names)) + symbols)
    return b''.join([b'\0asm\x01\0\0\0', _section(_TYPE, b'\x01\x60\x00\x00'), _section(_IMPORT, b'\x01' + memory),
                     _section(_FUNCTION, b'\x01\x00'),
                     _section(_CODE, b'\x01\x03\x00\x00\x0b'), _section(_CUSTOM, linking)])


def _section(number: int, content: bytes) -> bytes:
    return bytes([number]) + encode(len(content)) + content


def _text(text: str) -> bytes:
    encoded = text.encode(errors='surrogateescape')
    return encode(len(encoded)) + encoded


# --- bitcode: https://llvm.org/docs/BitCodeFormat.html, of which this writes what a module with variables needs ---

_ENTER, _END, _DEFINE_ABBREVIATION, _UNABBREVIATED = 1, 0, 2, 3
_IDENTIFICATION, _MODULE, _CONSTANTS, _TYPES, _STRTAB = 13, 8, 11, 17, 23
_TOP_WIDTH, _WIDTH = 2, 3


def bitcode_stub(names: Sequence[str], triple: str) -> bytes:
    """A module of LLVM bitcode in which `names` are global variables of one byte."""
    out = _Bits(b'BC\xc0\xde')

    def identification() -> None:
        out.record(1, b'LLVM19.1.0')
        out.record(2, [0])  # epoch

    def types() -> None:
        out.record(1, [2])  # how many
        out.record(7, [8])  # i8
        out.record(25, [0])  # ptr

    def constants() -> None:
        out.record(1, [0])  # of type i8
        out.record(2, [])  # zero

    def module() -> None:
        out.record(1, [2])  # names are in the string table
        out.block(_TYPES, _WIDTH, types)
        out.record(2, triple.encode())
        out.record(3, b'e')  # the least that a data layout says: the lowest byte first
        at = 0
        for name in names:
            size = len(name.encode(errors='surrogateescape'))
            # name, type i8 (explicit), initialiser (the constant comes after all variables), external, no alignment or section
            out.record(7, [at, size, 0, 2, len(names) + 1, 0, 0, 0])
            at += size
        if names:
            out.block(_CONSTANTS, _WIDTH, constants)

    out.block(_IDENTIFICATION, _TOP_WIDTH, identification)
    out.block(_MODULE, _TOP_WIDTH, module)
    out.block(_STRTAB, _TOP_WIDTH, lambda: out.blob(1, ''.join(names).encode(errors='surrogateescape')))
    return out.finished()


class _Bits:
    """A bit stream, least significant bits first."""

    def __init__(self, magic: bytes) -> None:
        self._done = bytearray(magic)
        self._value = self._count = 0

    def finished(self) -> bytes:
        """The bytes; complete only outside of blocks, which end at 32 bits."""
        return bytes(self._done)

    def block(self, number: int, outer: int, write: Callable[[], object]) -> None:
        """Write a block with the content that `write()` writes; its length is filled in afterwards."""
        self._put(_ENTER, outer)
        self._vbr(number, 8)
        self._vbr(_WIDTH, 4)
        self._align()
        at = len(self._done)
        self._done += b'\0\0\0\0'
        write()
        self._put(_END, _WIDTH)
        self._align()
        self._done[at:at + 4] = ((len(self._done) - at - 4) // 4).to_bytes(4, 'little')

    def record(self, code: int, values: Sequence[int]) -> None:
        """Write a record without an abbreviation."""
        self._put(_UNABBREVIATED, _WIDTH)
        for value in (code, len(values), *values):
            self._vbr(value, 6)

    def blob(self, code: int, content: bytes) -> None:
        """Write a blob record with its abbreviation: a literal code, then the blob."""
        self._put(_DEFINE_ABBREVIATION, _WIDTH)
        self._vbr(2, 5)
        self._put(1, 1)
        self._vbr(code, 8)
        self._put(0, 1)
        self._put(5, 3)
        self._put(4, _WIDTH)  # the first that was defined
        self._vbr(len(content), 6)
        self._align()
        self._done += content
        self._done += bytes(-len(content) % 4)

    def _put(self, value: int, width: int) -> None:
        self._value |= value << self._count
        self._count += width
        while self._count >= 8:
            self._done.append(self._value & 0xff)
            self._value >>= 8
            self._count -= 8

    def _vbr(self, value: int, width: int) -> None:
        more = 1 << (width - 1)
        while value >= more:
            self._put(value & (more - 1) | more, width)
            value >>= width - 1
        self._put(value, width)

    def _align(self) -> None:
        if self._count:
            self._put(0, 8 - self._count)
        while len(self._done) % 4:
            self._done.append(0)
