"""The key of a target, its inputs, and what a build would have to do for it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UnknownNameError, UsageError
from ..hashing import Record
from ..keys.location import candidate_keys, local_key
from ..keys.plan import archive_record, compile_record, make_plan
from ..libraries.catalogue import Catalogue, Recipe
from ..modes import parse_mode
from ..store import Store
from .archives import KIND as ARCHIVE
from .archives import find_archive
from .objects import KIND
from .reuse.included_files import IncludedFiles, read_included_files


@dataclass(frozen=True)
class Explained:
    """A key, the record whose digest it is, and the files that the compile read, if it was ever run."""

    key: str
    record: Record
    inputs: IncludedFiles
    state: str
    """One sentence: whether it exists, and otherwise what has to be built, and why."""


def explain_named(catalogue: Catalogue, store: Store, name: str, member: str | None = None) -> Explained:
    """The key of `MODE/TARGET`, or of its object `member`. Raises `UsageError` if the name is not a single library,
    `UnknownNameError` if it does not exist."""
    text, slash, target = name.partition('/')
    if not slash:
        raise UsageError(f'{name!r} is not of the form MODE/TARGET', hint='for example `emroot explain wasm64-lto/libc`')
    mode = parse_mode(text)
    listing = catalogue.listing(mode)
    if listing.expand([target]) != [target] or not listing.library(target):
        raise UsageError(f'{target!r} is not a single library', hint='give one from `emroot list`')
    recipe = catalogue.recipes(mode, [target])[target]
    if member is None:
        return explain_archive(catalogue, recipe, store)
    names = [each.name for each in recipe.members]
    if member not in names:
        raise UnknownNameError('object', member, names, hint=f'`emroot explain {name}` lists them')
    return explain_object(catalogue, recipe, names.index(member), store)


def explain_archive(catalogue: Catalogue, recipe: Recipe, store: Store) -> Explained:
    """The key of an archive."""
    plan = make_plan(catalogue.sdk, [recipe])
    archive = plan.archives[0]
    record = archive_record(catalogue.sdk, recipe.how, list(archive.members))
    embedded_paths, sdk = catalogue.sdk.embedded_paths, catalogue.sdk
    found = find_archive(store, candidate_keys(archive.key, ARCHIVE, sdk))
    if found:
        state = 'in the store: nothing to build'
        if found.location not in ('', sdk.location_key):
            state += ('; it comes from an SDK of the same content in another directory, which its debug information contains '
                      '(EMROOT_LOCATION=own builds it again)')
    else:
        missing = [key for key in plan.compiles if not _is_there(store, key, embedded_paths)]
        state = (f'{len(missing)} of {len(plan.compiles)} objects have to be compiled: the store has none for these '
                 'arguments, compiler and sources' if missing else 'all objects are in the store, only the archive is missing')
    return Explained(archive.key, record, (), state)


def explain_object(catalogue: Catalogue, recipe: Recipe, member: int, store: Store) -> Explained:
    """The key of one object, and the files that its compile read, if it was ever run."""
    plan = make_plan(catalogue.sdk, [recipe])
    key = plan.archives[0].members[member][1]
    argv, source = recipe.members[member].argv, recipe.members[member].source
    embedded_paths = catalogue.sdk.embedded_paths
    there = _is_there(store, key, embedded_paths)
    state = ('in the store' if there else
             'not in the store: it was not yet compiled with these arguments, compiler and sources')
    return Explained(key, compile_record(catalogue.sdk, argv, source), _inputs(store, key, embedded_paths), state)


def _is_there(store: Store, key: str, embedded_paths: list[str]) -> bool:
    return any(store.read(KIND, k) is not None for k in (key, local_key(key, embedded_paths, KIND)))


def _inputs(store: Store, key: str, embedded_paths: list[str]) -> IncludedFiles:
    """The recorded closure of this compile, or of the equivalent one whose object it reused."""
    record = store.read(KIND, key) or store.read(KIND, local_key(key, embedded_paths, KIND)) or {}
    return read_included_files(store, record.get('closure')) or ()

