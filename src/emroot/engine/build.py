"""A build: from targets of modes to files in a cache directory, doing only what nobody has done before."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..cachedir import CacheDirectory
from ..catalogue import Catalogue
from ..headers import installed_headers
from ..home import Home
from ..modes import Mode
from ..plan import Archive, make_plan
from ..store import Blob, Store
from .closure import Files
from .commands import Places
from .embuilder import PortSources, build_with_embuilder, embuilder_key
from .events import Silent, Watcher
from .keys import KnownKeys
from .objects import Objects
from .pool import Pool, default_workers
from .result import BuildResult, Failure, ModeResult
from .schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Request:
    """Targets wanted in one mode: exact names, as `Listing.expand` gives them."""

    mode: Mode
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to build; none of it changes what comes out."""

    jobs: int = 0
    """Processes at once; 0 for as many as there are processors."""
    builder: str = 'source'
    """`source`, or `embuilder` to have the SDK's own builder make every target."""
    port_sources: PortSources = field(default_factory=PortSources)
    """Where the sources of ports may come from. (This one does change what comes out, and is in the keys.)"""


class Build:
    """One build into one cache directory."""

    def __init__(self, catalogue: Catalogue, home: Home, store: Store, cache: Path | None = None,
                 options: Options | None = None, watcher: Watcher | None = None) -> None:
        sdk = catalogue.sdk
        self.catalogue, self.home, self.store, self.sdk = catalogue, home, store, sdk
        self.options, self.watcher = options or Options(), watcher or Silent()
        self.cache = CacheDirectory(cache or home.cache_directory(sdk.version, sdk.digest), sdk)
        self.pool = Pool(self.options.jobs or default_workers())
        self.result = BuildResult(sdk=sdk, cache=self.cache.root)
        self._lock = threading.Lock()

    def run(self, requests: Iterable[Request]) -> BuildResult:
        """Make the cache directory hold what is requested. Targets that fail are in the result, not raised.

        Raises `StoreError` if the store or the cache directory cannot be written to.
        """
        began, used = time.perf_counter(), _children_seconds()
        requests = list(requests)
        self.known = KnownKeys(self.catalogue, self.options.builder)
        for request in requests:
            self.result.modes.setdefault(request.mode, ModeResult())
        missing = [(request.mode, [t for t in request.targets if not self._holds(request.mode, t)])
                   for request in requests]
        if any(targets for _, targets in missing) or not self.cache.has_headers():
            self._fill(missing)
        self.result.seconds = time.perf_counter() - began
        self.result.cpu_seconds = _children_seconds() - used
        return self.result

    # --- what is there ---

    def _holds(self, mode: Mode, target: str) -> bool:
        """Whether the cache directory already has a target; the no-op build ends here, without a plan."""
        if self.options.port_sources.directories() and target not in self.catalogue.listing(mode).libraries:
            return False  # its sources were given and may have changed: the key is needed to tell
        entry = self.known.get(mode, target)
        if not entry or not all(self.cache.holds(path, entry.key) for path in entry.paths):
            return False
        self._done(mode, target, 'reused', entry.members)
        return True

    def _fill(self, missing: list[tuple[Mode, list[str]]]) -> None:
        with self.store:
            headers = installed_headers(self.catalogue, self.store)
            self.cache.prepare(headers)
            self.home.remember_cache(self.cache.root)
            self.env = self.catalogue.environment({'LC_ALL': 'C', 'EM_CACHE': str(self.cache.root)})
            self.places = Places(self.sdk, headers)
            recipes = []
            for mode, targets in missing:
                libraries = self.catalogue.listing(mode).libraries
                direct = [t for t in targets if t in libraries and self.options.builder == 'source']
                found = self.catalogue.recipes(mode, direct)
                simple = [t for t in direct if found[t].how in ('archive', 'copy')]
                recipes += [found[t] for t in simple]
                for target in targets:
                    if target not in simple:
                        self._add_embuilder(mode, target)
            plan = make_plan(self.sdk, recipes)
            files = Files(self.places, self.store.tree_files(headers.name) or {})
            objects = Objects(self.store, self.places, files, self.env, self.watcher, plan.compiles.values())
            self.known.learn(plan)
            Schedule(plan, objects, self.pool, self.result, self._placed, self._failed).start()
            try:
                self.pool.run()
            finally:
                self.known.save()

    def _placed(self, archive: Archive, blob: Blob, state: str, reused: int, *, located: bool) -> None:
        self.cache.put(archive.path, archive.key, blob, self.store, located=located)
        self._done(archive.mode, archive.target, state, reused)

    # --- through embuilder ---

    def _add_embuilder(self, mode: Mode, target: str) -> None:
        def run(worker: int) -> None:
            self.watcher.started(worker, f'{mode}/{target}')
            began = time.perf_counter()
            sources = self.options.port_sources
            key = embuilder_key(self.catalogue, mode, target, sources)
            made, fresh = build_with_embuilder(self.catalogue, mode, target, sources, self.store, self.places.cache,
                                               self.pool, self.watcher)
            self.watcher.ended(worker, f'{mode}/{target}', time.perf_counter() - began, 'embuilder')
            if isinstance(made, Failure):
                self._failed(mode, target, made)
                return
            for path, blob in made.items():
                self.cache.put(path, key, blob, self.store)
            self.known.learn_files(mode, target, key, list(made))
            self._done(mode, target, 'built' if fresh else 'reused', 0)
        self.pool.add(1000.0, run)

    # --- what became of it ---

    def _done(self, mode: Mode, target: str, state: str, reused: int) -> None:
        with self._lock:
            self.result.reused += reused
            getattr(self.result.modes[mode], state).append(target)
        self.watcher.archive(f'{mode}/{target}', state)

    def _failed(self, mode: Mode, target: str, failure: Failure) -> None:
        with self._lock:
            self.result.modes[mode].failed.append(Failure(target, failure.error, failure.command))
        self.watcher.archive(f'{mode}/{target}', 'failed')


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system

