"""Workers, headers and compiler processes of a build; compilers may be preloaded."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..keys.plan import Plan
from .execution.forkserver import ENOUGH, ForkServers
from .execution.headers import SysrootHeaders
from .execution.job_limits import MemoryLimit, default_workers, jobs_asked_for, jobs_that_fit
from .execution.jobserver import find_jobserver
from .execution.launcher import LauncherExecutor, make_working_directory
from .execution.pool import Executor, Pool
from .execution.prefetch import Prefetch, compile_environment, find_preload
from .execution.shared_front_end import SharedFrontEnd
from .objects import Objects

if TYPE_CHECKING:
    from .context import BuildContext

#: Expected seconds for the installation of headers in a cache directory.
PREPARING = 0.1


class Workers:
    """Workers, headers and compiler processes of one build. Call `close` at the end."""

    installed: SysrootHeaders
    """Set by `install`."""

    def __init__(self, build: BuildContext, prefetch: Prefetch | None = None) -> None:
        self._build, self._catalogue, self._options, self._listener = build, build.catalogue, build.options, build.listener
        self.env = compile_environment(self._catalogue, build.cache.root)
        self.pool = self._make_pool()
        self._prefetch, self._preload = prefetch, prefetch.preload if prefetch else None

    def _make_pool(self) -> Pool:
        """A pool with the requested workers; by default one per processor, within make's and memory's limits."""
        if jobs := self._options.jobs or jobs_asked_for():
            return Pool(jobs, room=MemoryLimit(jobs))
        jobserver, problem = find_jobserver(os.environ.get('MAKEFLAGS', ''))
        if problem and not self._options.below_run:  # make closes its pipe for what is no make, so for every link of a makefile
            self._listener.note(problem)
        workers = int(min(default_workers(), jobs_that_fit()))
        return Pool(workers, jobserver, room=MemoryLimit(workers))

    def load(self) -> None:
        """Start to load a compiler in the background, if this is possible."""
        self._find_preload()
        if self._preload:
            self._preload.start()

    def install(self) -> None:
        """Install the headers in the store; `run` copies them to the cache directory."""
        build = self._build
        build.cache.require_outside_sdk()
        installing = self._prefetch.installed if self._prefetch else None
        self.installed = installing.result() if installing else build.headers

    @contextlib.contextmanager
    def objects(self, plan: Plan) -> Iterator[Objects]:
        """The builder of the objects of a plan; it records how long each compile took."""
        recorder = self._build.recorder
        recorder.result.workers = self.pool.workers
        with self._executor(len(plan.compiles)) as executor:
            try:
                yield Objects(self._build.store, self.installed, self.env, self._listener, executor, plan.compiles.values(),
                              self._share_front_end(executor))
            finally:
                self.installed.durations.save()
                recorder.result.busy = recorder.timeline.busy(self.pool.workers)

    def run(self, start: Callable[[], None]) -> None:
        """Run the jobs that `start` adds to the pool. It runs on a worker itself, so that others begin early."""
        def begin(_: int) -> None:
            start()
            self.pool.add(PREPARING, lambda _: self._build.cache.prepare(self.installed.headers))
        self.pool.add(math.inf, begin)
        self.pool.run()

    def close(self) -> None:
        """Stop preloaded compilers. Their processor time is known only afterwards."""
        if self._preload:
            self._preload.close()

    def _find_preload(self) -> None:
        if self._preload is None and not self._options.launcher:
            self._preload = find_preload(self._catalogue, self._build.store, self.env)

    @contextlib.contextmanager
    def _executor(self, compiles: int) -> Iterator[Executor]:
        """The executor of compile commands: a launcher, preloaded compilers, or plain processes."""
        launcher = self._options.launcher
        if launcher:
            self._listener.note(f'compiles run through {launcher}')
            directory = make_working_directory(self._build.store, self._catalogue.sdk, self.installed.context.working_directory)
            yield LauncherExecutor(launcher, self.pool, self._listener, directory)
            return
        if compiles >= ENOUGH:
            self._find_preload()
        if not self._preload:
            yield self.pool
            return
        self._listener.note('compiles are forked from a loaded compiler (EMROOT_FORK=0 starts a process for each)')
        with contextlib.closing(ForkServers(self.pool, self._preload)) as servers:
            yield servers

    def _share_front_end(self, executor: Executor) -> SharedFrontEnd | None:
        """One run of the front end for several compiles, where compilers are preloaded."""
        if not isinstance(executor, ForkServers):
            return None
        store, verdicts = self._build.store, self._build.home.memo / 'front-end.json'
        return SharedFrontEnd(executor, self.env, self._catalogue.sdk.parts['compiler'], programs=store.root / 'fork',
                              scratch=store.scratch(), verdicts=verdicts, note=self._listener.note)
