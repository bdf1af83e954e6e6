"""Functions that code generation may call for what a target has no instruction for (libcalls). The linker is asked.

In each link with bitcode wasm-ld loads their bitcode before code generation, whether or not anything refers to them.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path

from .. import schemas
from ..engine.build import Build
from ..hashing import digest_record
from ..host.home import read_json, write_json
from ..symbol_index import MemberSymbols, SymbolIndex
from .linker_command import run_linker
from .symbols.stub_archive import extracted_members, write_stub_archive
from .symbols.stub_objects import bitcode_stub

#: Names of one member when most names are none: first it is asked which members have any.
_TOGETHER = 64


class Libcalls:
    """Answers of a linker for a target `triple`. They are kept for its SDK. `directory`: for files."""

    def __init__(self, build: Build, linker: str, triple: str, directory: Path, cwd: Path) -> None:
        self._linker, self._triple, self._directory, self._cwd = linker, triple, directory, cwd
        digest = digest_record([schemas.LIBCALLS, build.catalogue.sdk.digest, triple])
        self._file = build.home.memo / 'libcalls' / f'{digest[:32]}.json'
        self._known: tuple[set[str], set[str]] | None = None

    def among(self, names: Set[str]) -> Set[str]:
        """Those of some names that are libcalls."""
        if self._known is None:
            kept = read_json(self._file) or {}
            self._known = {*str(kept.get('libcalls', '')).split()}, {*str(kept.get('others', '')).split()}
        found, others = self._known
        if new := names - found - others:
            found |= (more := self._ask(new))
            others |= new - more
            write_json(self._file, {'libcalls': ' '.join(sorted(found)), 'others': ' '.join(sorted(others))})
        return found & names

    def _ask(self, names: Set[str]) -> set[str]:
        ordered = sorted(names)
        together = [tuple(ordered[at:at + _TOGETHER]) for at in range(0, len(ordered), _TOGETHER)]
        return {name for name, in self._loaded([(name,) for group in self._loaded(together) for name in group])}

    def _loaded(self, groups: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Those groups of which the linker loads a module that defines their names, in a program that refers to none."""
        archive, main = self._directory / 'names.a', self._directory / 'probe.o'
        members = tuple(MemberSymbols(f'{n}.o', group, (), True) for n, group in enumerate(groups))
        write_stub_archive(archive, SymbolIndex(members), {}, self._triple)
        main.write_bytes(bitcode_stub(['emroot_probe'], self._triple))
        words = [self._linker, '--no-entry', '--trace', '-o', str(self._directory / 'probe.wasm'), str(main), str(archive),
                 *(['-mwasm64'] if self._triple.startswith('wasm64') else [])]
        loaded = extracted_members(run_linker(words, self._directory, self._cwd).stdout, archive, ())
        return [groups[int(member.removesuffix('.o'))] for member in loaded]
