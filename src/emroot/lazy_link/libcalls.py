"""Functions that code generation may call for what a target has no instruction for (libcalls). The linker is asked.

In each link with bitcode wasm-ld loads their bitcode before code generation, whether or not anything refers to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..symbol_index import MemberSymbols, SymbolIndex
from .linker_command import run_linker
from .symbols.stub_archive import extracted_members, write_stub_archive
from .symbols.stub_objects import bitcode_stub

#: Names of one member when most names are none: first it is asked which members have any.
_TOGETHER = 64


def find_libcalls(names: Iterable[str], linker: str, triple: str, directory: Path, cwd: Path) -> set[str]:
    """Those of some names that are libcalls of the target `triple`. `directory`: for files."""
    ordered = sorted(names)
    together = [tuple(ordered[at:at + _TOGETHER]) for at in range(0, len(ordered), _TOGETHER)]
    groups = _loaded(together, linker, triple, directory, cwd)
    return {name for name, in _loaded([(name,) for group in groups for name in group], linker, triple, directory, cwd)}


def _loaded(groups: Sequence[tuple[str, ...]], linker: str, triple: str, directory: Path, cwd: Path) -> list[tuple[str, ...]]:
    """Those groups of which the linker loads a module that defines their names, in a program that refers to none."""
    archive, main = directory / 'names.a', directory / 'probe.o'
    write_stub_archive(archive, SymbolIndex(tuple(MemberSymbols(f'{n}.o', group, (), True) for n, group in enumerate(groups))),
                       {}, triple)
    main.write_bytes(bitcode_stub(['emroot_probe'], triple))
    words = [linker, '--no-entry', '--trace', '-o', str(directory / 'probe.wasm'), str(main), str(archive),
             *(['-mwasm64'] if triple.startswith('wasm64') else [])]
    loaded = extracted_members(run_linker(words, directory, cwd).stdout, archive, ())
    return [groups[int(member.removesuffix('.o'))] for member in loaded]
