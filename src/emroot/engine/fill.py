"""Making what a cache directory lacks: the plan of it, the jobs, and the files put in place."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import Base
from ..catalogue import Recipe
from ..headers import installed_headers
from ..index.keep import KIND as INDEX
from ..modes import Mode
from ..plan import Archive, Plan, make_plan
from ..store import Blob
from .archives import KIND as ARCHIVE
from .beside import beside
from .closure import Files
from .commands import Places
from .durations import Durations
from .embuilder import KIND as EMBUILDER
from .embuilder import build_with_embuilder, embuilder_key
from .forkserver import ENOUGH, ForkServers, make_fork_servers
from .jobserver import find_jobserver
from .launcher import Launched, make_place
from .located import Keys, keys_of
from .memory import Room, jobs_that_fit
from .objects import Objects
from .pool import Executor, Pool, default_workers
from .result import Failure
from .schedule import Gathering, Schedule

if TYPE_CHECKING:
    from ..remote.address import Address
    from ..remote.client import Remote
    from .build import Build

#: So many libraries are more compiles than it takes to load a compiler; a link needs some ten.
MANY = 5
#: How targets are made that need no embuilder.
SIMPLE = ('archive', 'copy')


class Fill:
    """The part of a build that finds something missing."""

    def __init__(self, build: Build) -> None:
        self.build, self.catalogue, self.store, self.cache = build, build.catalogue, build.store, build.cache
        self.options, self.watcher, self.known = build.options, build.watcher, build.known
        self.pool = self._make_pool()
        self.remote: Remote | None = None
        self._servers: ForkServers | None = None

    def _make_pool(self) -> Pool:
        """As many workers as were asked for; else one for each processor, as far as make and the memory allow."""
        if self.options.jobs:
            return Pool(self.options.jobs, room=Room(self.options.jobs))
        jobserver, problem = find_jobserver(os.environ.get('MAKEFLAGS', ''))
        if problem:
            self.watcher.note(problem)
        workers = int(min(default_workers(), jobs_that_fit()))
        return Pool(workers, jobserver, room=Room(workers))

    def run(self, missing: Sequence[tuple[Mode, list[str]]]) -> None:
        """Make `missing` and put it in place."""
        with self.store, contextlib.closing(self.cache), contextlib.ExitStack() as stack:
            stack.callback(self._end_servers)
            headers = installed_headers(self.catalogue, self.store)
            env = self.catalogue.environment({'LC_ALL': 'C', 'EM_CACHE': str(self.cache.root)})
            with beside(partial(self._prepare, headers, env, self._is_new(missing))):
                direct = [(mode, [t for t in targets if self._is_direct(mode, t)]) for mode, targets in missing]
                found = [self.catalogue.recipes(mode, targets) for mode, targets in direct]
            recipes = [recipe for asked in found for recipe in asked.values() if recipe.how in SIMPLE]
            simple = {(recipe.mode, recipe.target) for recipe in recipes}
            others = [(mode, target) for mode, targets in missing for target in targets if (mode, target) not in simple]
            self.build.home.remember_cache(self.cache.root)
            self.places = Places(self.catalogue.sdk, headers)
            plan = make_plan(self.catalogue.sdk, recipes)
            if self.options.base:
                plan = self._use(self.options.base, recipes, plan)
            files = Files(self.places, self.store.tree_files(headers.name) or {})
            durations = Durations(self.build.home, self.catalogue.sdk)
            keys = {(mode, target): embuilder_key(self.catalogue, mode, target, self.options.port_sources)
                    for mode, target in others}
            if self.options.base:
                keys = self._use_files(self.options.base, keys)
            if self.options.remote:
                stack.callback(self._leave_remote)
                self._ask_remote(self.options.remote, plan, keys.values(), durations)
            for (mode, target), key in keys.items():
                self._add_embuilder(mode, target, key)
            self.known.learn(plan)
            result, timeline = self.build.result, self.build.timeline
            try:
                with self.compilers(plan, files, durations, env) as objects:
                    Schedule(plan, objects, self.pool, result, timeline, self._placed, self.build.failed, self._keys_of,
                             self.remote.fetched if self.remote else ()).start(self._missing(keys.values()))
                    own = time.process_time()
                    self.pool.run()
                    result.own_seconds = time.process_time() - own
            finally:
                self.known.save()

    def _is_direct(self, mode: Mode, target: str) -> bool:
        """Whether a target is compiled here, not by embuilder."""
        return self.options.builder == 'source' and self.catalogue.listing(mode).library(target) is not None

    def _is_new(self, missing: Iterable[tuple[Mode, list[str]]]) -> bool:
        """Whether many libraries are wanted that were never made in this home, and will not be had from elsewhere. The SDK is not
        asked for that."""
        if self.options.builder != 'source' or self.options.remote or self.options.base:
            return False
        unknown = [(mode, target) for mode, targets in missing for target in targets
                   if not self.catalogue.knows_recipe(mode, target)]
        return sum(not self.catalogue.was_asked(mode) or self._is_direct(mode, target) for mode, target in unknown) >= MANY

    def _prepare(self, headers: Path, env: Mapping[str, str], new: bool) -> None:
        """What can be done before it is known how anything is made: a loaded compiler, the cache directory."""
        if new:
            self._make_servers(env, ENOUGH)
            if self._servers:
                self._servers.begin()
        self.cache.prepare(headers)

    def _make_servers(self, env: Mapping[str, str], compiles: int) -> None:
        if not self._servers and not self.options.launcher:
            self._servers = make_fork_servers(self.pool, self.catalogue.sdk.tools, self.store.root / 'fork', env, compiles)

    def _end_servers(self) -> None:
        if self._servers:
            self._servers.close()
        self._servers = None

    @contextlib.contextmanager
    def compilers(self, plan: Plan, files: Files, durations: Durations, env: Mapping[str, str]) -> Iterator[Objects]:
        """What makes the objects of a plan, and learns how long that takes."""
        launcher = self.options.launcher
        self._make_servers(env, len(plan.compiles))
        if launcher:
            self.watcher.note(f'compiles are started through {launcher}')
        if self._servers:
            self.watcher.note('compiles are forked from a loaded compiler (EMROOT_FORK=0 starts each anew)')
        executor: Executor = self._servers or self.pool
        if launcher:
            place = make_place(self.store, self.catalogue.sdk, self.places.working_directory)
            executor = Launched(launcher, self.pool, self.watcher, place)
        self.build.result.workers = self.pool.workers
        try:
            yield Objects(self.store, self.places, files, env, self.watcher, durations, executor, plan.compiles.values())
        finally:
            self._end_servers()
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
                                      self.build.failed, self._keys_of)
                gathering.start()
                self.pool.run()
                return gathering.gathered

    def _placed(self, archive: Archive, blob: Blob, state: str, reused: Mapping[str, int], *, place: str) -> None:
        self.cache.put(archive.path, archive.key, blob, self.store, carries=place)
        self.build.done(archive.mode, archive.target, state, reused, place=place)
        if state == 'built':
            self._offer(archive.key, ARCHIVE, place)
            if self.remote and self.store.read(INDEX, archive.key):
                from ..remote.client import Offer
                self.remote.offer(Offer(INDEX, archive.key, counts=False))

    def _keys_of(self, key: str, what: str) -> Keys:
        return keys_of(key, what, self.cache.sdk, own_place=self.options.own_place)

    # --- the base ---

    def _use(self, root: Path, recipes: list[Recipe], plan: Plan) -> Plan:
        """Refer to what a base has; the plan of what is left."""
        base, left = Base(root, self.cache.sdk), []
        for recipe, archive in zip(recipes, plan.archives, strict=True):
            found = base.find(archive.path, archive.key, own_place=self.options.own_place)
            if found is None:
                left.append(recipe)
                continue
            self.cache.refer(archive.path, archive.key, found.file, found.digest, carries=found.place)
            self.build.done(archive.mode, archive.target, 'reused', {'archive_in_base': len(archive.members)}, place=found.place)
        self.known.learn(plan)
        return make_plan(self.cache.sdk, left)

    def _use_files(self, root: Path, keys: Mapping[tuple[Mode, str], str]) -> dict[tuple[Mode, str], str]:
        """The same for what embuilder makes."""
        base, left = Base(root, self.cache.sdk), {}
        for (mode, target), key in keys.items():
            files = base.files(key, own_place=self.options.own_place)
            for path, found in files.items():
                self.cache.refer(path, key, found.file, found.digest, carries=found.place)
            if files:
                self.known.learn_files(mode, target, key, list(files))
                place = next((found.place for found in files.values() if found.place), '')
                self.build.done(mode, target, 'reused', {}, place=place)
            else:
                left[mode, target] = key
        return left

    # --- the remote ---

    def _ask_remote(self, address: Address, plan: Plan, keys: Iterable[str], durations: Durations) -> None:
        """Have what the remote has in the store."""
        from ..remote.client import Remote  # here and not above: most builds have none
        from .chain import wanted_archives, wanted_of_embuilder
        self.remote = Remote(address, self.store, self.watcher)
        self.remote.fetch([*wanted_archives(plan, self.store, self._keys_of, durations.expected, self.pool.workers),
                           *wanted_of_embuilder(keys, self.store, self._keys_of)])

    def _offer(self, key: str, what: str, place: str) -> None:
        """Offer what was made here."""
        if self.remote:
            from .chain import offer_of
            self.remote.offer(offer_of(key, what, self.cache.sdk, located=bool(place)))

    def _leave_remote(self) -> None:
        if self.remote:
            self.remote.close()
            self.build.result.remote = self.remote.to_json()

    # --- through embuilder ---

    def _missing(self, keys: Iterable[str]) -> int:
        """How many targets embuilder will have to make, as far as records tell."""
        return sum(not any(self.store.read(EMBUILDER, each) for each, _ in self._keys_of(key, EMBUILDER)) for key in keys)

    def _add_embuilder(self, mode: Mode, target: str, key: str) -> None:
        def run(worker: int) -> None:
            sources = self.options.port_sources
            with self.build.timeline.job(worker, 'embuilder', f'{mode}/{target}'):
                made = build_with_embuilder(self.catalogue, mode, target, self._keys_of(key, EMBUILDER), sources, self.store,
                                            self.places.cache, self.pool, self.watcher, self.options.launcher)
            if isinstance(made, Failure):
                self.build.failed(mode, target, made)
                return
            for path, blob in made.files.items():
                self.cache.put(path, key, blob, self.store, carries=made.place)
            if made.fresh:
                self._offer(key, EMBUILDER, made.place)
            self.known.learn_files(mode, target, key, list(made.files))
            self.build.done(mode, target, 'built' if made.fresh else 'reused', {}, place=made.place)
        self.pool.add(1000.0, run)
