"""The symbols that the inputs of a link define and reference, apart from its libraries."""

from __future__ import annotations

from pathlib import Path

from ..engine.build import Build
from ..symbol_index.symbols import NmFailed, find_nm, is_bitcode, read_symbols
from .lazy_archives import NeedsWholeArchives
from .linker_command import LinkCommand
from .symbols.symbol_closure import Roots, read_stubs


def read_roots(build: Build, command: LinkCommand, cwd: Path) -> Roots:
    """The symbols of the inputs of a command. Raises `NeedsWholeArchives` if they cannot be read."""
    inputs = command.objects
    try:
        symbols = read_symbols(find_nm(build.catalogue.sdk.tools), inputs, cwd=cwd,
                               env=build.catalogue.environment({'LC_ALL': 'C'}))
    except NmFailed as error:
        raise NeedsWholeArchives(f'the symbols of its inputs cannot be read: {error}') from error
    wanted = {name for found in symbols.values() for name in found.undefined} | command.wanted
    defined = {name for found in symbols.values() for name in found.defined}
    stubs: dict[str, tuple[str, ...]] = {}
    for path in command.stubs:
        stubs.update(read_stubs(path.read_text(encoding='utf-8', errors='surrogateescape')))
    return Roots(wanted, defined, stubs, any(is_bitcode(_begin(path, 4)) for path in inputs),
                 any(b'dylink' in _begin(path, 32) for path in inputs),
                 {name for found in symbols.values() for name in found.weak}, command.wrapped)


def _begin(path: Path, size: int) -> bytes:
    with open(path, 'rb') as f:
        return f.read(size)
