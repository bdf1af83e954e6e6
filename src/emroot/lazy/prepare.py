"""From what emcc is about to link to a lazy link: which of the libraries that are not there can stay so, and which cannot."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from ..cachedir import IN_FLIGHT
from ..engine.archives import KIND as ARCHIVE
from ..engine.archives import find_archive
from ..engine.build import Build
from ..engine.durations import Durations
from ..engine.located import KeysOf, keys_of, located_key
from ..engine.objects import KIND as OBJECT
from ..engine.pool import default_workers
from ..engine.request import Request
from ..home import read_memo
from ..index import Index
from ..index.keep import KIND, find_index, keep_index
from ..index.shipped import find_shipped
from ..index.symbols import NmFailed, find_nm, index_archive
from ..modes import Mode
from ..plan import Archive, Plan, make_plan
from ..store.scratch import Scratch
from .command import LinkCommand, read_command
from .hints import predict
from .link import LazyLink, Told
from .making import Members, Sketches
from .partial import Links, note_link, read_links
from .stock import Lazy, NotLazily, Stock

#: Seconds that the lazy links of a mode may have cost, beyond compiling, before it is asked what whole libraries would.
FLOOR = 5.0
Missing = Sequence[tuple[Mode, str]]


def link_lazily(build: Build, words: Sequence[str], cwd: Path, missing: Missing, said: Path, *,
                predicting: bool = False) -> Told:
    """Make the link that the linker's command `words` asks for, though the libraries `missing` are not there. What the linker
    says is written to `said`.

    `predicting` is for libraries whose index is not known, too. Raises `NotLazily` if it takes whole archives, `Refused` if these
    would not help.
    """
    if build.options.builder != 'source':
        raise NotLazily('libraries are built by embuilder')
    plan = _plan(build, missing)
    with build.store:
        root = build.cache.root
        command = read_command(words, cwd, [root / archive.path for archive in plan.archives])
        if command.obstacle:
            raise NotLazily(command.obstacle)
        _ask_remote(build, plan)
        named = {library.path for library in command.libraries} - {library.path for library in command.libraries if library.whole}
        lazies = [lazy for archive in plan.archives
                  if (lazy := _lazy(build, archive, plan, predicting=predicting)) and lazy.path in named]
    for mode in {lazy.archive.mode for lazy in lazies}:
        before = read_links(root, mode)
        if is_enough(before, partial(_cost, build, plan, [lazy for lazy in lazies if lazy.archive.mode == mode])):
            raise NotLazily(f'{before.count} lazy links have cost {before.seconds:.0f} s: whole libraries cost no more')
    unknown = _without_index(build, plan, lazies)
    if unknown:
        build.watcher.note(f'built whole, for want of an index: {", ".join(unknown)}')
    _build_whole(build, missing, {(lazy.archive.mode, lazy.archive.target) for lazy in lazies})
    if not lazies:
        raise NotLazily(f'no index is known of {", ".join(unknown)}' if unknown else 'nothing that it misses is to be compiled')
    scratch = Scratch(root / IN_FLIGHT)
    try:
        place = scratch.directory()
        stock = Stock(build, Members(build, plan), Sketches(build, plan), lazies, place / 'lib')
        lazily = LazyLink(stock, command, _others(build, command, lazies), place, cwd, said)
        try:
            lazily.run()
        finally:
            with build.store:
                stock.keep()
    finally:
        scratch.close()
    _note_links(root, [lazy.archive for lazy in lazies])
    complete = [(lazy.archive.mode, lazy.archive.target) for lazy in lazily.complete()]
    _build_whole(build, complete, set())
    return lazily.told


def is_enough(links: Links, cost: Callable[[], float]) -> bool:
    """Whether lazy links have cost as much as whole libraries would, whose `cost` is known then: who goes on until that moment,
    and then has them built, never pays more than twice what was best."""
    return links.seconds >= FLOOR and links.seconds >= cost()


def _cost(build: Build, plan: Plan, lazies: Sequence[Lazy]) -> float:
    """Seconds that the objects will take which archives still lack."""
    durations, places = Durations(build.home, build.catalogue.sdk), build.catalogue.sdk.places
    keys = {key for lazy in lazies for _, key in lazy.archive.members}
    return sum(durations.expected(plan.compiles[key]) for key in keys
               if not any(build.store.read(OBJECT, each) for each in (key, located_key(key, places, OBJECT))))


def _note_links(cache: Path, archives: Sequence[Archive]) -> None:
    """Note a lazy link in each of its modes, and what it cost: what this process itself took. Compilers and linker would run
    without it, too."""
    used = os.times()
    for mode in {archive.mode for archive in archives}:
        note_link(cache, mode, [archive for archive in archives if archive.mode == mode], used.user + used.system)


def _plan(build: Build, missing: Missing) -> Plan:
    modes: dict[Mode, list[str]] = {}
    for mode, target in missing:
        build.catalogue.listing(mode)
        modes.setdefault(mode, []).append(target)
    recipes = [recipe for mode, targets in modes.items() for recipe in build.catalogue.recipes(mode, targets).values()]
    return make_plan(build.catalogue.sdk, recipes)


def _lazy(build: Build, archive: Archive, plan: Plan, *, predicting: bool) -> Lazy | None:
    """An archive that can stay away; not one that the store has, or that is a single object."""
    if archive.how != 'archive' or has_archive(build, archive):
        return None
    names, path = [name for name, _ in archive.members], build.cache.root / archive.path
    index = find_known_index(build, archive)
    if index and index.names == names:
        return Lazy(archive, index, path)
    if not predicting or len(set(names)) != len(names):
        return None
    bounds = find_index(build.store, archive.key, bounds=True)
    if bounds and bounds.names == names:
        return Lazy(archive, bounds, path, 'bounded')
    return Lazy(archive, predict(build, archive, plan.compiles), path, 'predicted')


def _without_index(build: Build, plan: Plan, lazies: Sequence[Lazy]) -> list[str]:
    """The archives that have to be built whole because nobody knows their symbols."""
    known = {lazy.archive.name for lazy in lazies}
    return [archive.name for archive in plan.archives
            if archive.how == 'archive' and archive.name not in known and not has_archive(build, archive)
            and find_known_index(build, archive) is None]


def has_archive(build: Build, archive: Archive) -> bool:
    """Whether the store or a base has it whole."""
    return find_archive(build.store, _keys_of(build)(archive.key, ARCHIVE)) is not None or build.find_based(archive) is not None


def _keys_of(build: Build) -> KeysOf:
    return partial(keys_of, sdk=build.catalogue.sdk, own_place=build.options.own_place)


def find_known_index(build: Build, archive: Archive) -> Index | None:
    """The index of an archive: that of the store; else one that came with emroot, or of the SDK's own archive."""
    found = find_index(build.store, archive.key) or find_shipped(build.catalogue.sdk.digest, archive.key)
    return found or _of_the_sdk(build, archive)


def _of_the_sdk(build: Build, archive: Archive) -> Index | None:
    """Some SDKs come with archives, from these sources and by these compilers."""
    file = build.catalogue.sdk.root / 'cache' / archive.path
    if not file.is_file():
        return None
    try:
        index = index_archive(find_nm(build.catalogue.sdk.tools), file, env=build.catalogue.environment())
    except (NmFailed, OSError):
        return None
    # Its objects were made where the SDK was packed: which of them carry that place cannot be told, so none has a digest.
    index = Index(tuple(dataclasses.replace(member, digest='') for member in index.members))
    keep_index(build.store, archive.key, index)
    return index


def _build_whole(build: Build, missing: Missing, lazies: Collection[tuple[Mode, str]]) -> None:
    """Put in the cache directory what is not to be lazy."""
    requests = [Request(mode=mode, targets=(target,)) for mode, target in missing if (mode, target) not in lazies]
    if requests and build.run(requests).failures:
        raise NotLazily('some of what it misses cannot be built')


def _others(build: Build, command: LinkCommand, lazies: Sequence[Lazy]) -> dict[Path, Index]:
    """The indexes of the archives that are there: emroot's own are known by their keys, the others are read."""
    absent, found = {lazy.path for lazy in lazies}, {}
    for path in dict.fromkeys(library.path for library in command.libraries):
        if path in absent or not path.is_file():
            continue
        index = None
        if build.cache.root in path.parents:
            record = read_memo(build.cache.root / '.emroot' / f'{path.relative_to(build.cache.root).as_posix()}.json') or {}
            index = find_index(build.store, str(record.get('key', '')))
        try:
            found[path] = index or index_archive(find_nm(build.catalogue.sdk.tools), path, env=build.catalogue.environment())
        except NmFailed as error:
            raise NotLazily(f'{path} cannot be read: {error}') from error
    return found


def _ask_remote(build: Build, plan: Plan) -> None:
    """Whole archives that others made are better than any part of them; their indexes are the next best."""
    if not build.options.remote:
        return
    from ..engine.chain import wanted_archives
    from ..remote.client import Remote, Wanted
    remote = Remote(build.options.remote, build.store, build.watcher)
    durations = Durations(build.home, build.catalogue.sdk)
    try:
        remote.fetch([*wanted_archives(plan, build.store, _keys_of(build), durations.expected, default_workers()),
                      *(Wanted(KIND, (a.key,), 1.0) for a in plan.archives if not build.store.read(KIND, a.key))])
    finally:
        remote.close()
