"""A build: from targets of modes to files in a cache directory, doing only what nobody has done before."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..cachedir import CacheDirectory
from ..catalogue import Catalogue
from ..headers import installed_headers
from ..home import Home
from ..modes import Mode
from ..plan import Archive, Compile, Plan, make_plan
from ..store import Blob, Lock, Store, try_lock
from .archives import find_archive, make_archive
from .closure import Files
from .commands import Places
from .embuilder import PortSources, build_with_embuilder, embuilder_key
from .estimate import expected_seconds
from .events import Silent, Watcher
from .keys import KnownKeys
from .objects import Objects, located_key
from .pool import Pool, default_workers
from .result import BuildResult, Failure, ModeResult


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
            self.objects = Objects(self.store, self.places, files, self.env, self.watcher, plan.compiles.values())
            self.known.learn(plan)
            self._schedule(plan)
            try:
                self.pool.run()
            finally:
                self.known.save()

    # --- from source ---

    def _schedule(self, plan: Plan) -> None:
        """Queue every compile that the store cannot answer, and each archive behind its last compile."""
        waiting: dict[str, list[_Pending]] = {}
        self._chains: dict[str, list[tuple[Compile, list[_Pending]]]] = {}
        found: dict[str, Blob | None] = {}
        pending = []
        for archive in plan.archives:
            if blob := find_archive(self.store, self._archive_key(archive)) or find_archive(self.store, archive.key):
                self._place(archive, blob, 'reused')
                continue
            todo = _Pending(archive)
            for _, key in archive.members:
                if key not in found:
                    found[key] = self.objects.find(plan.compiles[key]) or self._from_relative(plan.compiles[key])
                todo.take(key, found[key])
                if found[key] is None:
                    waiting.setdefault(key, []).append(todo)
            pending.append(todo)
        self.watcher.planned(archives=len(pending), compiles=len(waiting),
                             seconds=sum(expected_seconds(self.sdk, plan.compiles[k]) for k in waiting))
        for todo in pending:
            if todo.complete:
                self.pool.add(0.0, partial(self._join, todo))
        for key, archives in waiting.items():
            chain = self._chains.setdefault(self.objects.families.key(plan.compiles[key]), [])
            chain.append((plan.compiles[key], archives))
        for family, chain in self._chains.items():
            cost = sum(expected_seconds(self.sdk, compile_) for compile_, _ in chain)
            self.pool.add(cost, partial(self._compile_next, family, 0))

    def _compile_next(self, family: str, tries: int, worker: int) -> None:
        """Compile the next of a family, one after the other: the later ones may turn out to be equal to an earlier one.

        If another process is at it, look again later, and do it after all if that takes long.
        """
        chain = self._chains[family]
        compile_, archives = chain[0]
        with try_lock(self.store.root / 'locks' / compile_.key[:24]) as held:
            made: Blob | Failure | None = self.objects.find(compile_) or self._from_relative(compile_)
            if made is None and held is Lock.BUSY and tries < 600:
                time.sleep(0.01 if tries < 20 else 0.1)
                self.pool.add(-float(tries), partial(self._compile_next, family, tries + 1))
                return
            if made is None:
                made = self._compile(compile_, archives, worker)
            if held:
                (self.store.root / 'locks' / compile_.key[:24]).unlink(missing_ok=True)
        del chain[0]
        if chain:
            self.pool.add(sum(expected_seconds(self.sdk, c) for c, _ in chain), partial(self._compile_next, family, 0))
        for todo in archives:
            with self._lock:
                ready = todo.take(compile_.key, made) and todo.complete
            if ready:
                self._join(todo, worker)

    def _compile(self, compile_: Compile, archives: list[_Pending], worker: int) -> Blob | Failure:
        what = f'{archives[0].archive.name} {compile_.name}'
        self.watcher.started(worker, what)
        began = time.perf_counter()
        made = self.objects.make(compile_, self.pool)
        self.watcher.ended(worker, what, time.perf_counter() - began, 'compile')
        with self._lock:
            self.result.compiled += 1
            archives[0].compiled += 1
        return made

    def _from_relative(self, compile_: Compile) -> Blob | None:
        blob = self.objects.find_relative(compile_)
        if blob:
            with self._lock:
                self.result.recognised += 1
        return blob

    def _join(self, todo: _Pending, worker: int) -> None:
        archive = todo.archive
        if todo.failures:
            self._failed(archive.mode, archive.target, next(iter(todo.failures.values())))
            return
        members = [todo.blobs[key] for _, key in archive.members]
        self.watcher.started(worker, archive.name)
        began = time.perf_counter()
        key = self._archive_key(archive) if todo.located(self.objects) else archive.key
        made = make_archive(archive, members, key, self.store, self.places, self.env, self.pool, self.watcher)
        self.watcher.ended(worker, archive.name, time.perf_counter() - began, 'archive')
        if isinstance(made, Failure):
            self._failed(archive.mode, archive.target, made)
        else:
            self._place(archive, made, 'built', len(archive.members) - todo.compiled)

    def _archive_key(self, archive: Archive) -> str:
        """The key of an archive in which some object carries the SDK's place."""
        return located_key(archive.key, [str(self.sdk.resource_dir), str(self.sdk.root)], 'archive')

    def _place(self, archive: Archive, blob: Blob, state: str, reused: int | None = None) -> None:
        self.cache.put(archive.path, archive.key, blob, self.store)
        self._done(archive.mode, archive.target, state, len(archive.members) if reused is None else reused)

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


class _Pending:
    """An archive waiting for its objects."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.blobs: dict[str, Blob] = {}
        self.failures: dict[str, Failure] = {}
        self.compiled = 0
        self._needed = {key for _, key in archive.members}

    def take(self, key: str, made: Blob | Failure | None) -> bool:
        """Note an object, or that it failed; whether it was news."""
        if isinstance(made, Failure):
            self.failures[key] = made
        elif made is not None:
            self.blobs[key] = made
        return made is not None

    @property
    def complete(self) -> bool:
        """Whether nothing is awaited any more."""
        return len(self.blobs) + len(self.failures) == len(self._needed)

    def located(self, objects: Objects) -> bool:
        """Whether some object's bytes depend on where the compiler lies."""
        return any(objects.is_located(key) for key in self.blobs)


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system

