"""What is known of a link's inputs before it runs: the symbols of objects, and the indexes of archives, built or not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..engine.archives import KIND as ARCHIVE
from ..engine.archives import find_archive
from ..engine.build import Build
from ..host.home import read_json
from ..keys.location import KeysOf, candidate_keys
from ..keys.plan import Archive, Plan
from ..probe.emcc_hook.lto_objects import bitcode_kind
from ..symbol_index import SymbolIndex
from ..symbol_index.storage import find_index, is_claimed, store_index
from ..symbol_index.symbols import NmFailed, describe_objects, find_nm, index_archive, is_bitcode, read_symbols
from .lazy_archives import LazyArchive, NeedsWholeArchives
from .linker_command import ALONE, LinkCommand
from .prediction import predict_index
from .symbols.ir_symbols import called_for_intrinsics
from .symbols.symbol_closure import Roots, read_stubs


def unbuilt_archives(build: Build, plan: Plan) -> list[LazyArchive]:
    """The archives of a plan that neither the store nor a base has, as far as their members have different names."""
    found = []
    for archive in plan.archives:
        names = [name for name, _ in archive.members]
        if archive.how == 'archive' and len(set(names)) == len(names) and not _has_archive(build, archive):
            index = find_index(build.store, archive.key) or _shipped_index(build, archive)
            own = index if index and index.names == names else None
            claimed = own is not None and is_claimed(build.store, archive.key)
            exact = own is not None and not claimed
            found.append(LazyArchive(archive, own if own and exact else predict_index(build, archive, plan.compiles, own),
                                     build.cache.root / archive.path, exact, claimed))
    return found


def _has_archive(build: Build, archive: Archive) -> bool:
    stored = find_archive(build.store, keys_in(build)(archive.key, ARCHIVE))
    return stored is not None or build.context.find_in_bases(archive) is not None


def keys_in(build: Build) -> KeysOf:
    return partial(candidate_keys, sdk=build.catalogue.sdk, own_location=build.options.own_location)


def _shipped_index(build: Build, archive: Archive) -> SymbolIndex | None:
    """The index of an archive that the SDK ships, made from the same sources and compilers."""
    file = build.catalogue.sdk.root / 'cache' / archive.path
    if not file.is_file():
        return None
    try:
        index = _read_index(build, file)
    except (NmFailed, OSError):
        return None
    # Its objects were made where the SDK was packed: which of them embeds that location cannot be told, so none has a digest.
    index = SymbolIndex(tuple(dataclasses.replace(member, digest='') for member in index.members))
    store_index(build.store, archive.key, index)
    return index


def _read_index(build: Build, file: Path) -> SymbolIndex:
    return index_archive(find_nm(build.catalogue.sdk.tools), file, env=build.catalogue.environment())


def existing_indexes(build: Build, command: LinkCommand, lazies: Sequence[LazyArchive]) -> dict[Path, SymbolIndex]:
    """The indexes of the existing archives: emroot's own by their keys, those of other archives by reading them."""
    absent, found = {lazy.path for lazy in lazies}, _objects_as_archives(build, command)
    for path in dict.fromkeys(library.path for library in command.libraries):
        if path in absent or path in found or not path.is_file():
            continue
        index = None
        if build.cache.root in path.parents:
            record = read_json(build.cache.root / '.emroot' / f'{path.relative_to(build.cache.root).as_posix()}.json') or {}
            index = find_index(build.store, str(record.get('key', '')))
        try:
            found[path] = index or _read_index(build, path)
        except NmFailed as error:
            raise NeedsWholeArchives(f'{path} cannot be read: {error}') from error
    return found


def _objects_as_archives(build: Build, command: LinkCommand) -> dict[Path, SymbolIndex]:
    """Indexes of the objects that the linker loads like members of archives."""
    paths = [library.path for library in command.libraries if library.alone]
    try:
        symbols = read_symbols(find_nm(build.catalogue.sdk.tools), paths, env=build.catalogue.environment({'LC_ALL': 'C'}))
    except NmFailed as error:
        raise NeedsWholeArchives(f'the symbols of its inputs cannot be read: {error}') from error
    return {path: SymbolIndex(tuple(describe_objects(symbols, {ALONE: path}, ()).values()))
            for path in paths}


def read_roots(build: Build, command: LinkCommand, cwd: Path) -> Roots:
    """The symbols of the other inputs of a command. Raises `NeedsWholeArchives` if they cannot be read."""
    try:
        symbols = read_symbols(find_nm(build.catalogue.sdk.tools), command.objects, cwd=cwd,
                               env=build.catalogue.environment({'LC_ALL': 'C'})).values()
    except NmFailed as error:
        raise NeedsWholeArchives(f'the symbols of its inputs cannot be read: {error}') from error
    stubs: dict[str, tuple[str, ...]] = {}
    for path in command.stubs:
        stubs.update(read_stubs(path.read_text(encoding='utf-8', errors='surrogateescape')))
    beginnings = {path: _beginning(path) for path in command.objects}
    bitcode = {path for path, begins in beginnings.items() if is_bitcode(begins)}
    of_others = {library.path for library in command.libraries if build.cache.root not in library.path.parents}
    with_bitcode = [(kind, called_for_intrinsics(content)) for path in (*bitcode, *of_others) if path.is_file()
                    if (kind := bitcode_kind(content := path.read_bytes()))]
    return Roots(referenced=command.named.union(*(found.undefined for found in symbols)),
                 defined={name for found in symbols for name in found.defined}, stubs=stubs,
                 bitcode=bool(bitcode), bitcode_kinds={kind for kind, _ in with_bitcode},
                 shared=any(b'dylink' in begins for begins in beginnings.values()),
                 intrinsics={name for _, names in with_bitcode for name in names},
                 weak={name for found in symbols for name in found.weak}, wrapped=command.wrapped)


def _beginning(path: Path) -> bytes:
    with open(path, 'rb') as f:
        return f.read(32)
