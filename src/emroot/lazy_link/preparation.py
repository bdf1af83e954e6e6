"""From emcc's link command to a lazy link: decide which missing libraries are built whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from ..cache_directory.directory import IN_FLIGHT
from ..engine.build import Build
from ..engine.execution.job_limits import default_workers
from ..engine.history.compile_times import CompileTimes
from ..engine.objects import KIND as OBJECT
from ..engine.request import Request
from ..host.scratch import Scratch
from ..keys.location import local_key
from ..keys.plan import Archive, Plan, make_plan
from ..modes import Mode
from ..symbol_index.storage import KIND
from .index_lookup import existing_indexes, keys_in, read_roots, unbuilt_archives
from .lazy_archives import LazyArchive, LazyArchives, NeedsWholeArchives
from .link import LazyLink, LinkStats
from .link_history import LinkCount, note_link, read_links
from .link_records import LinkRecords
from .linker_command import LinkCommand, read_command
from .mentioned_names import MentionedNames
from .symbols.undefined_symbols import LinkRefused

#: Lazy links of a mode may take this number of seconds, without compiles, before the cost of whole libraries is computed.
FLOOR = 5.0
Missing = Sequence[tuple[Mode, str]]


def lazy_link(build: Build, words: Sequence[str], cwd: Path, missing: Missing, messages: Path, *,
              predicting: bool = True, always: bool = False) -> LinkStats:
    """Run the linker's command `words` without the libraries `missing`. The linker's output is written to `messages`.
    `predicting`: also for libraries without an index; `always`: also where whole libraries take no longer.
    Raises `NeedsWholeArchives` if whole archives are needed, `LinkRefused` if the link fails with these, too."""
    if build.options.builder != 'source':
        raise NeedsWholeArchives('libraries are built by embuilder')
    plan, root = _plan(build, missing), build.cache.root
    with build.store:
        command = read_command(words, cwd, [root / archive.path for archive in plan.archives])
        if command.obstacle:
            raise NeedsWholeArchives(command.obstacle)
        _ask_remote(build, plan)
        lazies, unknown = _choose(build, plan, command, predicting=predicting)
    for mode in {lazy.archive.mode for lazy in lazies} if not always else ():
        before = read_links(root, mode)
        if is_enough(before, _costs(build, plan, [lazy for lazy in lazies if lazy.archive.mode == mode])):
            raise NeedsWholeArchives(f'{before.count} lazy links have taken {before.seconds:.0f} s: '
                                     'whole libraries take no longer')
    if unknown:
        build.listener.note(f'built whole, because there is no index: {", ".join(unknown)}')
    _build_whole(build, missing, {(lazy.archive.mode, lazy.archive.target) for lazy in lazies})
    if not lazies:
        raise NeedsWholeArchives(f'no index for {", ".join(unknown)}' if unknown
                                 else 'no missing library is compiled from sources')
    with contextlib.closing(Scratch(root / IN_FLIGHT)) as scratch:
        directory = scratch.directory()
        archives = LazyArchives(build, plan, lazies, directory / 'lib')
        mentioned = MentionedNames(build, plan, [lazy.archive for lazy in lazies if not lazy.exact])
        link = LazyLink(archives, mentioned, command, read_roots(build, command, cwd), existing_indexes(build, command, lazies),
                        directory, cwd, messages)
        records = LinkRecords(root, build.catalogue.sdk, words, cwd, own_location=build.options.own_location)
        records.compile(archives, records.read())
        refused: LinkRefused | None = None
        try:
            link.run()
        except LinkRefused as names:
            refused = names
        records.keep(link)
    if not refused:
        _note_links(root, [lazy.archive for lazy in lazies])
    _build_whole(build, [(lazy.archive.mode, lazy.archive.target) for lazy in link.complete()], set())
    if refused:
        raise refused
    return link.stats


def read_sources(build: Build, missing: Missing) -> None:
    """Read the sources that a lazy link without these libraries will compare with names, unless they are known. Raises `OSError`
    if one cannot be read."""
    plan = _plan(build, missing)
    with build.store:
        archives = [lazy.archive for lazy in unbuilt_archives(build, plan) if not lazy.exact and not lazy.path.exists()]
    MentionedNames(build, plan, archives).read_sources()


def _choose(build: Build, plan: Plan, command: LinkCommand, *, predicting: bool) -> tuple[list[LazyArchive], list[str]]:
    """The archives that this link does without, and the names of those that it cannot do without for want of an index."""
    whole = {library.path for library in command.libraries if library.whole}
    named = {library.path for library in command.libraries} - whole
    unbuilt = unbuilt_archives(build, plan)
    lazies = [lazy for lazy in unbuilt if lazy.path in named and (lazy.exact or lazy.claimed or predicting)]
    return lazies, [lazy.archive.name for lazy in unbuilt if not (lazy.exact or lazy.claimed) and lazy not in lazies]


def is_enough(links: LinkCount, costs: Iterable[float]) -> bool:
    """Whether lazy links took as long as whole libraries, whose objects have `costs`, would: in total at most twice the best."""
    return links.seconds >= FLOOR and all(total <= links.seconds for total in accumulate(costs))


def _costs(build: Build, plan: Plan, lazies: Sequence[LazyArchive]) -> Iterator[float]:
    """Expected seconds for each object that the archives still lack."""
    durations, embedded_paths = CompileTimes(build.home, build.catalogue.sdk), build.catalogue.sdk.embedded_paths
    keys = {key for lazy in lazies for _, key in lazy.archive.members}
    return (durations.expected(plan.compiles[key]) for key in keys
            if not any(build.store.read(OBJECT, each) for each in (key, local_key(key, embedded_paths, OBJECT))))


def _note_links(cache: Path, archives: Sequence[Archive]) -> None:
    """Record a lazy link in each of its modes, with the time of this process. Compilers and linker would run without it, too."""
    used = os.times()
    for mode in {archive.mode for archive in archives}:
        note_link(cache, mode, [archive for archive in archives if archive.mode == mode], used.user + used.system)


def _plan(build: Build, missing: Missing) -> Plan:
    modes: dict[Mode, list[str]] = {}
    for mode, target in missing:
        modes.setdefault(mode, []).append(target)
    recipes = [recipe for mode, targets in modes.items() for recipe in build.catalogue.recipes(mode, targets).values()]
    return make_plan(build.catalogue.sdk, recipes)


def _build_whole(build: Build, missing: Missing, lazies: Collection[tuple[Mode, str]]) -> None:
    """Build the libraries that are not lazy into the cache directory."""
    requests = [Request(mode=mode, targets=(target,)) for mode, target in missing if (mode, target) not in lazies]
    if requests and build.run(requests).failures:
        raise NeedsWholeArchives('some of its missing libraries cannot be built')


def _ask_remote(build: Build, plan: Plan) -> None:
    """Download whole archives, or at least their indexes."""
    if not build.options.remote:
        return
    from ..engine.remote_requests import archive_requests
    from ..remote.client import DownloadRequest, Remote
    durations = CompileTimes(build.home, build.catalogue.sdk)
    with contextlib.closing(Remote(build.options.remote, build.store, build.listener)) as remote:
        remote.download([*archive_requests(plan, build.store, keys_in(build), durations.expected, default_workers()),
                         *(DownloadRequest(KIND, (a.key,), 1.0) for a in plan.archives if not build.store.read(KIND, a.key))])
