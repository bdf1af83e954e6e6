"""A build: from requested targets to files in a cache directory. It does only work whose result exists
nowhere yet."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..cache_directory.directory import IN_FLIGHT, CacheDirectory
from ..formatting import excerpt
from ..host.home import Home
from ..host.scratch import sweep
from ..libraries.catalogue import Catalogue
from ..modes import Mode
from ..store import Store
from .events import ArchiveDone, BuildListener
from .execution.prefetch import Prefetch
from .history.timeline import Timeline
from .request import Options, Request
from .result import BuildResult, Failure, ModeResult
from .reuse.key_cache import KeyCache

if TYPE_CHECKING:
    from ..cache_directory.base_cache import BaseCache, BaseEntry
    from ..keys.plan import Archive


class Build:
    """One build into one cache directory: its inputs, its state and its result."""

    def __init__(self, catalogue: Catalogue, home: Home, store: Store, cache: Path | None = None,
                 options: Options | None = None, watcher: BuildListener | None = None, prefetch: Prefetch | None = None) -> None:
        """`prefetch`: work that was already started (see `engine/execution/prefetch.py`)."""
        sdk = catalogue.sdk
        self.catalogue, self.home, self.store = catalogue, home, store
        self.options, self.watcher, self.prefetch = options or Options(), watcher or BuildListener(), prefetch or Prefetch()
        self.cache = CacheDirectory(cache or home.cache_directory(sdk.version, sdk.digest, store.origin), sdk, store.origin)
        self.result = BuildResult(sdk=sdk, cache=self.cache.root)
        self.timeline = Timeline(self.watcher)
        self.known = KeyCache(catalogue, self.options.builder)
        #: The library of each `MODE/TARGET` that was compiled here and is a variant.
        self.families: dict[str, str] = {}
        #: All requested targets, by mode.
        self.requested: dict[Mode, list[str]] = {}
        #: Called with the `ports` directory after ports are installed: returns further targets that are now
        #: known to be needed, by mode.
        self.revealed: Callable[[Path], Mapping[Mode, Sequence[str]]] = lambda _: {}
        self._lock = threading.Lock()

    def run(self, requests: Iterable[Request]) -> BuildResult:
        """Build the requested targets into the cache directory. Failed targets are in the result; they raise
        nothing.

        Raises `StoreError` if the store or the cache directory cannot be written to.
        """
        began, used, clock = time.perf_counter(), _children_seconds(), time.time()
        for top in (self.store.root / 'tmp', self.cache.root / IN_FLIGHT):
            sweep(top)  # whoever was killed may have left nothing to do but that
        self._take_over()
        lacking = self._build_missing(list(requests))
        if not self.result.failures and (revealed := self.revealed(self.cache.root / 'ports')):
            lacking |= self._build_missing([Request(mode=mode, targets=tuple(targets)) for mode, targets in revealed.items()])
        self.result.seconds = time.perf_counter() - began
        self.result.cpu_seconds = _children_seconds() - used
        if lacking:
            from .history.build_record import save_build_record  # for `emroot report`
            save_build_record(self, clock)
        if self.result.compiled:
            from ..cache_directory.garbage_collection import collect_automatically
            collect_automatically(self.home)
        return self.result

    def _take_over(self) -> None:
        """Remove everything of another SDK from the cache directory: emcc and lazy links use any library
        that is there."""
        self.cache.require_outside_sdk()
        if self.cache.is_anothers():
            from ..cache_directory.verification import clear_cache  # lazy import: rarely needed
            self.watcher.warn(f'{self.cache.root} was the cache directory of another SDK than {self.cache.sdk.root}: '
                              'its content is removed, as emcc does')
            clear_cache(self.cache.root)

    def _build_missing(self, requests: Iterable[Request]) -> bool:
        """Build the missing targets. Returns whether any were missing."""
        for request in requests:
            self.result.modes.setdefault(request.mode, ModeResult())
            self.requested.setdefault(request.mode, []).extend(request.targets)
        missing = [(request.mode, [t for t in request.targets if not self._is_up_to_date(request.mode, t)])
                   for request in requests]
        lacking = any(targets for _, targets in missing)
        if lacking or not self.cache.has_headers():
            from .build_executor import BuildExecutor  # lazy import: most builds have nothing to do
            BuildExecutor(self).run(missing)
            self.prefetch = Prefetch()  # that is used up
        return lacking

    @cached_property
    def bases(self) -> list[BaseCache]:
        """The read-only cache directories to search: the base of the options, and the SDK's own cache."""
        from ..cache_directory.base_cache import BaseCache, own_bases  # lazy import: most builds search nothing
        named, sdk = self.options.base, self.catalogue.sdk
        return [*([BaseCache(named, sdk)] if named else []), *(own_bases(sdk, self.cache.root) if self.options.sdk_cache else [])]

    def find_in_bases(self, archive: Archive) -> tuple[BaseCache, BaseEntry] | None:
        """The first base that has a valid copy of the archive, and the file."""
        members = [name for name, _ in archive.members]
        return next(((base, found) for base in self.bases if (found := base.find(
            archive.path, archive.key, own_place=self.options.own_location, members=members))), None)

    def _is_up_to_date(self, mode: Mode, target: str) -> bool:
        """Whether the cache directory already has a valid copy of the target. A no-op build ends here,
        without a plan."""
        if self.options.port_sources.directories() and not self.catalogue.listing(mode).library(target):
            return False  # its sources were given and may have changed: the key is needed to tell
        entry = self.known.get(mode, target)
        locations = [self.cache.recorded_location(path, entry.key) for path in entry.paths] if entry else [None]
        allowed = ('', self.cache.sdk.location_key)
        if entry is None or any(p is None or (self.options.own_location and p not in allowed) for p in locations):
            return False
        self.record_success(mode, target, 'reused', {'in_cache_directory': entry.members},
                            location=next(filter(None, locations), ''))
        return True

    def record_success(self, mode: Mode, target: str, state: str, reused: Mapping[str, int], *, location: str = '') -> None:
        """Record a target as `built` or `reused`. `reused` counts the members that needed no compile, by
        reason. `location` is the digest of the SDK location in the target's bytes; empty for none."""
        elsewhere = location not in ('', self.cache.sdk.location_key)
        if elsewhere:
            self.watcher.note(f'{mode}/{target} comes from an SDK of the same content in another directory, which its '
                              'debug information contains (EMROOT_LOCATION=own builds it again)')
        with self._lock:
            if elsewhere:
                self.result.elsewhere.append(f'{mode}/{target}')
            self.result.reused += sum(reused.values())
            self.result.modes[mode].why.update(reused)
            getattr(self.result.modes[mode], state).append(target)
        if state == 'reused':
            self.timeline.record_reuse('archive', f'{mode}/{target}')
        self.watcher.on(ArchiveDone(f'{mode}/{target}', state))

    def record_failure(self, mode: Mode, target: str, failure: Failure) -> None:
        """Record a target that cannot be built."""
        self.watcher.note(f'{mode}/{target} cannot be built: {failure.error}')
        with self._lock:
            self.result.modes[mode].failed.append(Failure(target, excerpt(failure.error), failure.command))
        self.watcher.on(ArchiveDone(f'{mode}/{target}', 'failed'))


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system

