"""Symbols of objects and archives, including bitcode, from the SDK's own `llvm-nm`."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..hashing import digest_bytes
from ..host.ar import read_archive
from ..host.quoting import write_response_file
from ..keys.location import contains_path
from .index import MemberSymbols, SymbolIndex

#: llvm-nm's letter for undefined symbols that are not weak. Other capital letters are external definitions.
_UNDEFINED, _WEAK = 'U', 'wv'
_BITCODE = (b'BC\xc0\xde', b'\xde\xc0\x17\x0b')


@dataclass
class Symbols:
    """The symbols that an object, or a member of an archive, defines and references."""

    defined: set[str] = field(default_factory=set)
    undefined: set[str] = field(default_factory=set)
    weak: set[str] = field(default_factory=set)
    """Weak references."""


class NmFailed(Exception):
    """The symbols cannot be read."""


def find_nm(tools: Mapping[str, Path]) -> Path:
    """The SDK's llvm-nm, next to its llvm-ar."""
    archiver = tools['llvm-ar']
    return archiver.with_name(archiver.name.replace('llvm-ar', 'llvm-nm'))


def read_symbols(nm: Path | str, files: Sequence[Path | str], *, cwd: Path | str | None = None,
                 env: Mapping[str, str] | None = None) -> dict[str, Symbols]:
    """The symbols of objects (`FILE`) and of the members of archives (`FILE[MEMBER]`); those without symbols are left out.
    Raises `NmFailed` if a file cannot be read."""
    if not files:
        return {}
    arguments = ['--portability', '--no-sort', '--quiet', '--print-file-name', *map(str, files)]
    with tempfile.TemporaryDirectory() as directory:
        if sum(map(len, arguments)) > 20000:
            arguments = [write_response_file(Path(directory, 'arguments'), arguments)]
        try:
            done = subprocess.run([str(nm), *arguments], cwd=cwd, env=env, capture_output=True, stdin=subprocess.DEVNULL,
                                  check=False)
        except OSError as error:
            raise NmFailed(str(error)) from error
    if done.returncode != 0:
        raise NmFailed(done.stderr.decode(errors='replace').strip() or f'exit code {done.returncode}')
    return _parse(done.stdout.decode(errors='surrogateescape').splitlines())


def _parse(lines: Iterable[str]) -> dict[str, Symbols]:
    """Parse lines `FILE: NAME LETTER VALUE SIZE` and `FILE[MEMBER]: NAME LETTER`."""
    found: dict[str, Symbols] = {}
    for line in lines:
        file, _, symbol = line.rpartition(': ')
        name, _, rest = symbol.partition(' ')
        if file and rest:
            symbols = found.setdefault(file, Symbols())
            if rest[0] == _UNDEFINED:
                symbols.undefined.add(name)
            elif rest[0] in _WEAK:
                symbols.weak.add(name)
            elif rest[0].isupper():
                symbols.defined.add(name)
    return found


def index_archive(nm: Path | str, archive: Path, embedded_paths: Sequence[str] = (), *,
                  env: Mapping[str, str] | None = None) -> SymbolIndex:
    """The index of an archive. Objects that contain one of `embedded_paths` differ between machines and get no digest.
    Raises `NmFailed` if it cannot be read."""
    try:
        contents = list(read_archive(archive.read_bytes()))
    except ValueError as error:
        raise NmFailed(f'{archive} is damaged: {error}') from error
    symbols = read_symbols(nm, [archive], env=env)
    if len({name for name, _ in contents}) != len(contents):
        raise NmFailed(f'{archive} has several members with the same name')
    return SymbolIndex(tuple(_describe(name, content, symbols.get(f'{archive}[{name}]', Symbols()), embedded_paths)
                             for name, content in contents))


def describe_objects(symbols: Mapping[str, Symbols], objects: Mapping[str, Path],
                     embedded_paths: Sequence[str]) -> dict[str, MemberSymbols]:
    """Objects by name, as members of an index (see `index_archive`), with the `symbols` of these files."""
    return {name: _describe(name, path.read_bytes(), symbols.get(str(path), Symbols()), embedded_paths)
            for name, path in objects.items()}


def _describe(name: str, content: bytes, found: Symbols, embedded_paths: Sequence[str]) -> MemberSymbols:
    digest = '' if contains_path(content, embedded_paths) else digest_bytes(content)[:12]
    return MemberSymbols(name, tuple(sorted(found.defined)), tuple(sorted(found.undefined)), is_bitcode(content), digest,
                         tuple(sorted(found.weak)))


def is_bitcode(content: bytes) -> bool:
    """Whether an object is LLVM bitcode, by its first bytes."""
    return content[:4] in _BITCODE
