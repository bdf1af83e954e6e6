"""The symbols of an object in WebAssembly, which llvm-nm would take 25 ms to start for.

Sections and symbols are those of the tool conventions (`Linking.md`). It runs in the SDK's Python (3.8 or later) and imports
nothing of emroot.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

_HEADER = b'\0asm\x01\0\0\0'
#: Bytes of a section with symbols from which on llvm-nm is faster.
_LARGE = 1 << 16
_CUSTOM, _IMPORT, _SYMBOL_TABLE = 0, 2, 8
_FUNCTION, _DATA, _GLOBAL, _SECTION, _TAG, _TABLE = range(6)
#: Kinds of imports in the order of their numbers, as kinds of symbols; memories have none.
_IMPORTED = (_FUNCTION, _TABLE, None, _GLOBAL, _TAG)
_WEAK, _LOCAL, _UNDEFINED, _EXPLICIT_NAME = 1, 2, 0x10, 0x40


class _Reader:
    """Numbers and names of a part of the object."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def number(self) -> int:
        byte = self.data[self.at]
        self.at += 1
        value, shift = byte & 0x7f, 7
        while byte & 0x80:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
        return value

    def name(self) -> bytes:
        size = self.number()
        self.at += size
        return self.data[self.at - size:self.at]

    def part(self) -> _Reader:
        """What follows, by its size."""
        size = self.number()
        self.at += size
        if self.at > self.end:
            raise ValueError
        return _Reader(self.data, self.at - size, self.at)

    def check_end(self) -> None:
        """Raises `ValueError` unless all of it was understood."""
        if self.at != self.end:
            raise ValueError


def read_symbols(content: bytes) -> Optional[List[Tuple[str, bool]]]:
    """The name of each external symbol, and whether it is defined; None if llvm-nm is to say it: this is no object in
    WebAssembly, a large one, or one that is not understood."""
    try:
        return _read(content) if content.startswith(_HEADER) else None
    except (LookupError, ValueError):
        return None


def _read(content: bytes) -> Optional[List[Tuple[str, bool]]]:
    imports: Dict[Optional[int], List[bytes]] = {}
    file = _Reader(content, len(_HEADER), len(content))
    while file.at < file.end:
        section = content[file.at]
        file.at += 1
        part = file.part()
        if section == _IMPORT:
            imports = _imports(part)
        elif section == _CUSTOM and part.name() == b'linking':
            return _linking(part, imports) if part.end - part.at < _LARGE else None
    return None


def _imports(part: _Reader) -> Dict[Optional[int], List[bytes]]:
    """The names of what is imported, by kind."""
    found: Dict[Optional[int], List[bytes]] = {}
    for _ in range(part.number()):
        part.name()
        name, number = part.name(), part.number()
        kind = _IMPORTED[number]
        found.setdefault(kind, []).append(name)
        if kind == _FUNCTION:
            part.number()
        elif kind in (_GLOBAL, _TAG):
            part.at += 1
            part.number()
        else:
            part.at += kind == _TABLE
            for _ in range(2 if part.number() & 1 else 1):
                part.number()
    part.check_end()
    return found


def _linking(part: _Reader, imports: Dict[Optional[int], List[bytes]]) -> Optional[List[Tuple[str, bool]]]:
    """The external symbols; none without a symbol table."""
    if part.number() != 2:
        return None
    while part.at < part.end:
        kind = part.number()
        table = part.part()
        if kind == _SYMBOL_TABLE:
            return _symbols(table, imports)
    return []


def _symbols(table: _Reader, imports: Dict[Optional[int], List[bytes]]) -> List[Tuple[str, bool]]:
    found = []
    for _ in range(table.number()):
        kind, flags = table.number(), table.number()
        defined = not flags & _UNDEFINED
        if kind == _DATA:
            name = table.name()
            if defined:
                table.number(), table.number(), table.number()
        elif kind == _SECTION:
            table.number()
            continue
        elif kind in (_FUNCTION, _GLOBAL, _TAG, _TABLE):
            index = table.number()
            name = table.name() if defined or flags & _EXPLICIT_NAME else imports[kind][index]
        else:
            raise ValueError
        if not flags & _LOCAL:
            found.append((name.decode(errors='surrogateescape'), defined))
    table.check_end()
    return found
