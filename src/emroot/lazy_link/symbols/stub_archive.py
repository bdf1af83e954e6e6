"""Sparse archives: the members of a library in order, needed ones real, the others as stubs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from ...symbol_index import SymbolIndex
from .stub_objects import bitcode_stub, wasm_stub

_MAGIC = b'!<arch>\n'


def write_stub_archive(path: Path, index: SymbolIndex, real: Mapping[str, Path], triple: str) -> None:
    """Write the archive of `index`. `real`: the needed objects, by member name. The archive has no symbol table:
    since LLVM 19 the linker reads the members' own symbols."""
    names, stub = bytearray(), cache(lambda defined, bitcode: (bitcode_stub if bitcode else wasm_stub)(defined, triple))
    with open(path, 'wb') as out:
        body = []
        for member in index.members:
            content = real[member.name].read_bytes() if member.name in real else stub(member.defined, member.bitcode)
            spelled = f'{member.name}/'
            if len(spelled) > 16:
                spelled = f'/{len(names)}'
                names += f'{member.name}/\n'.encode()
            body.append(_header(spelled, len(content)) + content + b'\n' * (len(content) % 2))
        out.write(_MAGIC)
        if names:
            out.write(_header('//', len(names)) + bytes(names) + b'\n' * (len(names) % 2))
        out.writelines(body)


def _header(name: str, size: int) -> bytes:
    return f'{name:<16}{0:<12}{0:<6}{0:<6}{"644":<8}{size:<10}`\n'.encode()


def extracted_members(trace: str, archive: Path, real: Collection[str]) -> set[str]:
    """The stubs of an archive that a link loaded, from the output of `wasm-ld --trace`; its lines are `ARCHIVE(MEMBER)`."""
    begins = f'{archive}('
    members = {line[len(begins):-1] for line in trace.splitlines() if line.startswith(begins) and line.endswith(')')}
    return members - set(real)
