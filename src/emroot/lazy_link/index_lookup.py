"""Indexes of the archives of a link: of those that exist, and of those that do not."""

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
from ..symbol_index import SymbolIndex
from ..symbol_index.storage import find_index, is_claimed, store_index
from ..symbol_index.symbols import NmFailed, find_nm, index_archive
from .lazy_archives import LazyArchive, NeedsWholeArchives
from .linker_command import LinkCommand
from .prediction import predict_index


def known_archive(build: Build, archive: Archive, plan: Plan) -> LazyArchive | None:
    """An archive that need not be built for this link. None if the store has it, or if it is a single
    object."""
    if archive.how != 'archive' or has_archive(build, archive):
        return None
    names, path = [name for name, _ in archive.members], build.cache.root / archive.path
    index = find_known_index(build, archive)
    if index and index.names == names:
        return LazyArchive(archive, index, path, claimed=is_claimed(build.store, archive.key))
    if len(set(names)) != len(names):
        return None
    return LazyArchive(archive, predict_index(build, archive, plan.compiles), path, 'predicted')


def without_index(build: Build, plan: Plan, lazies: Sequence[LazyArchive]) -> list[str]:
    """The archives that have to be built whole because there is no index."""
    known = {lazy.archive.name for lazy in lazies}
    return [archive.name for archive in plan.archives
            if archive.how == 'archive' and archive.name not in known and not has_archive(build, archive)
            and find_known_index(build, archive) is None]


def has_archive(build: Build, archive: Archive) -> bool:
    """Whether the store or a base has the whole archive."""
    stored = find_archive(build.store, keys_in(build)(archive.key, ARCHIVE))
    return stored is not None or build.context.find_in_bases(archive) is not None


def keys_in(build: Build) -> KeysOf:
    return partial(candidate_keys, sdk=build.catalogue.sdk, own_location=build.options.own_location)


def find_known_index(build: Build, archive: Archive) -> SymbolIndex | None:
    """The index of an archive: from the store, or of the SDK's own archive. None if there is none."""
    return find_index(build.store, archive.key) or _of_the_sdk(build, archive)


def _of_the_sdk(build: Build, archive: Archive) -> SymbolIndex | None:
    """The index of an archive that the SDK ships, made from the same sources and compilers."""
    file = build.catalogue.sdk.root / 'cache' / archive.path
    if not file.is_file():
        return None
    try:
        index = index_archive(find_nm(build.catalogue.sdk.tools), file, env=build.catalogue.environment())
    except (NmFailed, OSError):
        return None
    # Its objects were made where the SDK was packed: which of them embeds that location cannot be told, so none has a digest.
    index = SymbolIndex(tuple(dataclasses.replace(member, digest='') for member in index.members))
    store_index(build.store, archive.key, index)
    return index


def others_known(build: Build, command: LinkCommand, lazies: Sequence[LazyArchive]) -> dict[Path, SymbolIndex]:
    """The indexes of the existing archives: emroot's own by their keys, those of other archives by reading
    them."""
    absent, found = {lazy.path for lazy in lazies}, {}
    for path in dict.fromkeys(library.path for library in command.libraries):
        if path in absent or not path.is_file():
            continue
        index = None
        if build.cache.root in path.parents:
            record = read_json(build.cache.root / '.emroot' / f'{path.relative_to(build.cache.root).as_posix()}.json') or {}
            index = find_index(build.store, str(record.get('key', '')))
        try:
            found[path] = index or index_archive(find_nm(build.catalogue.sdk.tools), path, env=build.catalogue.environment())
        except NmFailed as error:
            raise NeedsWholeArchives(f'{path} cannot be read: {error}') from error
    return found
