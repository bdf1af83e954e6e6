"""Indexes of the archives of a link: of those that exist, and of those that do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from ..engine.archives import KIND as ARCHIVE
from ..engine.archives import find_archive
from ..engine.build import Build
from ..host.home import read_json
from ..keys.location import KeysOf, candidate_keys
from ..keys.plan import Archive, Plan
from ..symbol_index import SymbolIndex
from ..symbol_index.bundled import find_bundled
from ..symbol_index.storage import BOUNDS, find_index, is_claimed, store_index
from ..symbol_index.symbols import NmFailed, find_nm, index_archive
from .identifiers import archive_identifiers
from .lazy_archives import LazyArchive, NeedsWholeArchives
from .linker_command import LinkCommand
from .prediction import predict_index
from .symbol_closure import Roots, SymbolClosure


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
    bounds = find_index(build.store, archive.key, BOUNDS)
    if bounds and bounds.names == names:
        return LazyArchive(archive, bounds, path, 'bounded')
    return LazyArchive(archive, predict_index(build, archive, plan.compiles), path, 'predicted')


def by_identifiers(build: Build, plan: Plan, command: LinkCommand, roots: Roots, lazies: Sequence[LazyArchive],
                   pulled: Collection[str],
              ) -> list[LazyArchive]:
    """The same archives, with a bound from words (`identifiers.py`) for those without an index that the link
    probably does not use."""
    known = {**others_known(build, command, lazies), **{lazy.path: lazy.index for lazy in lazies}}
    order = list(dict.fromkeys(library.path for library in command.libraries if library.path in known))
    needed = dict(zip(order, SymbolClosure([known[path] for path in order], roots).needed, strict=True))
    found = []
    for lazy in lazies:
        idle = not roots.shared and lazy.known != 'exact' and lazy.archive.name not in pulled and not needed[lazy.path]
        words = archive_identifiers(build, lazy.archive, plan.compiles) if idle and _guessed(lazy, plan, roots) else None
        found.append(LazyArchive(lazy.archive, words, lazy.path, 'words') if words else lazy)
    return found


def _guessed(lazy: LazyArchive, plan: Plan, roots: Roots) -> bool:
    """Whether there is a reason to assume that the link does not use the archive: a prediction, or a C++
    library in a C link."""
    if any(member.defined for member in lazy.index.members):
        return True
    in_cxx = not any(plan.compiles[key].source.endswith(('.c', '.s', '.S')) for _, key in lazy.archive.members)
    return in_cxx and not any(name.startswith('_Z') for name in roots.wanted)


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
    return partial(candidate_keys, sdk=build.catalogue.sdk, own_place=build.options.own_location)


def find_known_index(build: Build, archive: Archive) -> SymbolIndex | None:
    """The index of an archive: from the store, from emroot itself, or of the SDK's own archive. None if
    there is none."""
    found = find_index(build.store, archive.key) or find_bundled(build.catalogue.sdk.digest, archive.key)
    return found or _of_the_sdk(build, archive)


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
