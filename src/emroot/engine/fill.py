"""Making what a cache directory lacks: the plan of it, the jobs, and the files put in place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..headers import installed_headers
from ..index.keep import KIND as INDEX
from ..modes import Mode
from ..plan import Archive, Plan, make_plan
from ..store import Blob
from .archives import KIND as ARCHIVE
from .closure import Files
from .commands import Places
from .durations import Durations
from .embuilder import KIND as EMBUILDER
from .embuilder import build_with_embuilder, embuilder_key
from .forkserver import make_fork_servers
from .jobserver import find_jobserver
from .memory import jobs_that_fit
from .objects import Objects, located_key
from .pool import Pool, default_workers
from .result import Failure
from .schedule import Gathering, Schedule

if TYPE_CHECKING:
    from ..remote.address import Address
    from ..remote.client import Remote
    from .build import Build


class Fill:
    """The part of a build that finds something missing."""

    def __init__(self, build: Build) -> None:
        self.build, self.catalogue, self.store, self.cache = build, build.catalogue, build.store, build.cache
        self.options, self.watcher, self.known = build.options, build.watcher, build.known
        self.pool = self._make_pool()
        self.remote: Remote | None = None

    def _make_pool(self) -> Pool:
        """As many workers as were asked for; else one for each processor, as far as make and the memory allow."""
        if self.options.jobs:
            return Pool(self.options.jobs, room=_room)
        jobserver, problem = find_jobserver(os.environ.get('MAKEFLAGS', ''))
        if problem:
            self.watcher.note(problem)
        return Pool(int(min(default_workers(), jobs_that_fit())), jobserver, room=_room)

    def run(self, missing: Iterable[tuple[Mode, list[str]]]) -> None:
        """Make `missing` and put it in place."""
        with self.store, contextlib.closing(self.cache), contextlib.ExitStack() as stack:
            headers = installed_headers(self.catalogue, self.store)
            self.cache.prepare(headers)
            self.build.home.remember_cache(self.cache.root)
            env = self.catalogue.environment({'LC_ALL': 'C', 'EM_CACHE': str(self.cache.root)})
            self.places = Places(self.catalogue.sdk, headers)
            recipes, others = [], []
            for mode, targets in missing:
                listing = self.catalogue.listing(mode)
                direct = [t for t in targets if listing.library(t) and self.options.builder == 'source']
                found = self.catalogue.recipes(mode, direct)
                simple = [t for t in direct if found[t].how in ('archive', 'copy')]
                recipes += [found[t] for t in simple]
                others += [(mode, target) for target in targets if target not in simple]
            plan = make_plan(self.catalogue.sdk, recipes)
            files = Files(self.places, self.store.tree_files(headers.name) or {})
            durations = Durations(self.build.home, self.catalogue.sdk)
            keys = {(mode, target): embuilder_key(self.catalogue, mode, target, self.options.port_sources)
                    for mode, target in others}
            if self.options.remote:
                stack.callback(self._leave_remote)
                self._ask_remote(self.options.remote, plan, keys.values(), durations)
            for (mode, target), key in keys.items():
                self._add_embuilder(mode, target, key)
            self.known.learn(plan)
            result, timeline = self.build.result, self.build.timeline
            try:
                with self.compilers(plan, files, durations, env) as objects:
                    Schedule(plan, objects, self.pool, result, timeline, self._placed, self.build.failed,
                             self.remote.fetched if self.remote else ()).start()
                    self.pool.run()
            finally:
                self.known.save()

    @contextlib.contextmanager
    def compilers(self, plan: Plan, files: Files, durations: Durations, env: Mapping[str, str]) -> Iterator[Objects]:
        """What makes the objects of a plan, and learns how long that takes."""
        servers = make_fork_servers(self.pool, self.catalogue.sdk, self.store, env, len(plan.compiles))
        if servers:
            self.watcher.note('compiles are forked from a loaded compiler (EMROOT_FORK=0 starts each anew)')
        self.build.result.workers = self.pool.workers
        try:
            yield Objects(self.store, self.places, files, env, self.watcher, durations, servers or self.pool,
                          plan.compiles.values())
        finally:
            if servers:
                servers.close()
            durations.save()
            self.build.result.busy = self.build.timeline.busy(self.pool.workers)

    def gather(self, plan: Plan) -> dict[str, dict[str, Path]]:
        """Make the objects of a plan and join nothing: by the names of archives and of their members, where each lies. An
        archive of which some cannot be made is left out, and in the result with what failed."""
        with self.store, contextlib.closing(self.cache):
            headers = installed_headers(self.catalogue, self.store)
            env = self.catalogue.environment({'LC_ALL': 'C', 'EM_CACHE': str(self.cache.root)})
            self.places = Places(self.catalogue.sdk, headers)
            files = Files(self.places, self.store.tree_files(headers.name) or {})
            durations = Durations(self.build.home, self.catalogue.sdk)
            with self.compilers(plan, files, durations, env) as objects:
                gathering = Gathering(plan, objects, self.pool, self.build.result, self.build.timeline, self._placed,
                                      self.build.failed)
                gathering.start()
                self.pool.run()
                return gathering.gathered

    def _placed(self, archive: Archive, blob: Blob, state: str, reused: Mapping[str, int], *, located: bool) -> None:
        self.cache.put(archive.path, archive.key, blob, self.store, places=self._carried(located))
        self.build.done(archive.mode, archive.target, state, reused)
        if self.remote and state == 'built':
            self.remote.offer(ARCHIVE, located_key(archive.key, self.cache.sdk.places, ARCHIVE) if located else archive.key)
            if self.store.read(INDEX, archive.key):
                self.remote.offer(INDEX, archive.key)

    # --- the remote ---

    def _ask_remote(self, address: Address, plan: Plan, keys: Iterable[str], durations: Durations) -> None:
        """Have what the remote has in the store."""
        from ..remote.client import Remote  # here and not above: most builds have none
        from .chain import wanted_archives, wanted_of_embuilder
        places = self.cache.sdk.places
        self.remote = Remote(address, self.store, self.watcher)
        self.remote.fetch([*wanted_archives(plan, self.store, places, durations.expected, self.pool.workers),
                           *wanted_of_embuilder(keys, self.store, places)])

    def _leave_remote(self) -> None:
        if self.remote:
            self.remote.close()
            self.build.result.remote = self.remote.to_json()

    # --- through embuilder ---

    def _add_embuilder(self, mode: Mode, target: str, key: str) -> None:
        def run(worker: int) -> None:
            sources = self.options.port_sources
            with self.build.timeline.job(worker, 'embuilder', f'{mode}/{target}'):
                made = build_with_embuilder(self.catalogue, mode, target, key, sources, self.store, self.places.cache,
                                            self.pool, self.watcher)
            if isinstance(made, Failure):
                self.build.failed(mode, target, made)
                return
            for path, blob in made.files.items():
                self.cache.put(path, key, blob, self.store, places=self._carried(made.located))
            if self.remote and made.fresh:
                self.remote.offer(EMBUILDER, located_key(key, self.cache.sdk.places, EMBUILDER) if made.located else key)
            self.known.learn_files(mode, target, key, list(made.files))
            self.build.done(mode, target, 'built' if made.fresh else 'reused', {})
        self.pool.add(1000.0, run)

    def _carried(self, located: bool) -> list[str]:
        """The places that a file carries in its bytes."""
        return self.cache.sdk.places if located else []


def _room() -> bool:
    return jobs_that_fit() >= 1
