"""The key of a target, its inputs, and what a build would have to do for it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UnknownNameError, UsageError
from ..hashing import Record
from ..keys.location import candidate_keys, local_key
from ..keys.plan import Plan, archive_record, compile_record, make_plan
from ..libraries.catalogue import Catalogue
from ..modes import parse_mode
from ..sdk import Sdk
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
    """The key of `MODE/TARGET` or of its object `member`. Raises `UsageError` or `UnknownNameError`."""
    text, slash, target = name.partition('/')
    if not slash:
        raise UsageError(f'{name!r} is not of the form MODE/TARGET', hint='for example `emroot explain wasm64-lto/libc`')
    mode = parse_mode(text)
    listing = catalogue.listing(mode)
    if listing.expand([target]) != [target] or not listing.library(target):
        raise UsageError(f'{target!r} is not a single library', hint='give one from `emroot list`')
    sdk, recipe = catalogue.sdk, catalogue.recipes(mode, [target])[target]
    plan = make_plan(sdk, [recipe])
    archive = plan.archives[0]
    if member is None:
        record = archive_record(sdk, recipe.how, list(archive.members))
        return Explained(archive.key, record, (), _archive_state(sdk, store, plan))
    names = [each for each, _ in archive.members]
    if member not in names:
        raise UnknownNameError('object', member, names, hint=f'`emroot explain {name}` lists them')
    compile_ = plan.compiles[archive.members[names.index(member)][1]]
    stored = _stored_object(sdk, store, compile_.key)
    state = ('in the store' if stored is not None else
             'not in the store: it was not yet compiled with these arguments, compiler and sources')
    inputs = read_included_files(store, (stored or {}).get('closure')) or ()
    return Explained(compile_.key, compile_record(sdk, compile_.argv, compile_.source), inputs, state)


def _archive_state(sdk: Sdk, store: Store, plan: Plan) -> str:
    if found := find_archive(store, candidate_keys(plan.archives[0].key, ARCHIVE, sdk)):
        elsewhere = found.location not in ('', sdk.location_key)
        return 'in the store: nothing to build' + (
            '; it comes from an SDK of the same content in another directory, which its debug information contains '
            '(EMROOT_LOCATION=own builds it again)' if elsewhere else '')
    if missing := [key for key in plan.compiles if _stored_object(sdk, store, key) is None]:
        return (f'{len(missing)} of {len(plan.compiles)} objects have to be compiled: the store has none for these arguments, '
                'compiler and sources')
    return 'all objects are in the store, only the archive is missing'


def _stored_object(sdk: Sdk, store: Store, key: str) -> Record | None:
    """The record of this compile, or of the equivalent one whose object it reused."""
    return store.read(KIND, key) or store.read(KIND, local_key(key, sdk.embedded_paths, KIND))
