"""What makes the objects of a build: a pool of workers, the headers, and compilers, which may be loaded already."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..headers import installed_headers
from ..plan import Plan
from .ahead import compile_environment, find_preload
from .closure import Files
from .commands import Places
from .durations import Durations
from .forkserver import ENOUGH, ForkServers
from .jobserver import find_jobserver
from .launcher import Launched, make_place
from .memory import Room, jobs_that_fit
from .objects import Objects
from .pool import Executor, Pool, default_workers

if TYPE_CHECKING:
    from .build import Build


class Compilers:
    """Those of one build. To be closed."""

    headers: Path
    """Where the store has them; known once they are installed, as are these:"""
    places: Places
    files: Files
    durations: Durations

    def __init__(self, build: Build) -> None:
        self._build, self._catalogue, self._options, self._watcher = build, build.catalogue, build.options, build.watcher
        self.env = compile_environment(self._catalogue, build.cache.root)
        self.pool = self._make_pool()
        self._preload = build.preload

    def _make_pool(self) -> Pool:
        """As many workers as were asked for; else one for each processor, as far as make and the memory allow."""
        if self._options.jobs:
            return Pool(self._options.jobs, room=Room(self._options.jobs))
        jobserver, problem = find_jobserver(os.environ.get('MAKEFLAGS', ''))
        if problem:
            self._watcher.note(problem)
        workers = int(min(default_workers(), jobs_that_fit()))
        return Pool(workers, jobserver, room=Room(workers))

    def load(self) -> None:
        """Have a compiler loaded, where that can be done, before there is anything to compile."""
        self._find_preload()
        if self._preload:
            self._preload.begin()

    def install(self) -> None:
        """Have the headers in the store; in the cache directory they will be with the first objects."""
        store, sdk = self._build.store, self._catalogue.sdk
        self._build.cache.check_place()
        self.headers = installed_headers(self._catalogue, store)
        self.places = Places(sdk, self.headers)
        self.files = Files(self.places, store.tree_files(self.headers.name) or {})
        self.durations = Durations(self._build.home, sdk)

    @contextlib.contextmanager
    def objects(self, plan: Plan) -> Iterator[Objects]:
        """What makes the objects of a plan, and learns how long that takes."""
        self._build.result.workers = self.pool.workers
        self.pool.add(math.inf, lambda _: self._build.cache.prepare(self.headers))
        with self._executor(len(plan.compiles)) as executor:
            try:
                yield Objects(self._build.store, self.places, self.files, self.env, self._watcher, self.durations, executor,
                              plan.compiles.values())
            finally:
                self.durations.save()
                self._build.result.busy = self._build.timeline.busy(self.pool.workers)

    def close(self) -> None:
        """Unload what was loaded. Only then is it known what that took."""
        if self._preload:
            self._preload.close()

    def _find_preload(self) -> None:
        if self._preload is None and not self._options.launcher:
            self._preload = find_preload(self._catalogue, self._build.store, self.env)

    @contextlib.contextmanager
    def _executor(self, compiles: int) -> Iterator[Executor]:
        """What compilers are run by."""
        launcher = self._options.launcher
        if launcher:
            self._watcher.note(f'compiles are started through {launcher}')
            place = make_place(self._build.store, self._catalogue.sdk, self.places.working_directory)
            yield Launched(launcher, self.pool, self._watcher, place)
            return
        if compiles >= ENOUGH:
            self._find_preload()
        if not self._preload:
            yield self.pool
            return
        self._watcher.note('compiles are forked from a loaded compiler (EMROOT_FORK=0 starts each anew)')
        with contextlib.closing(ForkServers(self.pool, self._preload)) as servers:
            yield servers
