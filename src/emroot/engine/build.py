"""A build: from requested targets to files in a cache directory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..cache_directory.directory import IN_FLIGHT, CacheDirectory
from ..host.home import Home
from ..host.scratch import sweep
from ..libraries.catalogue import Catalogue
from ..modes import Mode
from ..store import Store
from .context import BuildContext
from .events import BuildListener
from .history.timeline import Timeline
from .recorder import BuildRecorder
from .request import Options, Request
from .result import BuildResult, ModeResult, ReuseReason
from .reuse.key_cache import KeyCache

if TYPE_CHECKING:
    from .execution.prefetch import Prefetch


class Build:
    """One build into one cache directory: its inputs, its state and its result."""

    def __init__(self, catalogue: Catalogue, home: Home, store: Store, cache: Path | None = None,
                 options: Options | None = None, listener: BuildListener | None = None, prefetch: Prefetch | None = None) -> None:
        """`prefetch`: work that was already started (see `engine/execution/prefetch.py`)."""
        sdk, options, listener = catalogue.sdk, options or Options(), listener or BuildListener()
        directory = CacheDirectory(cache or home.cache_directory(sdk.version, sdk.digest, store.origin), sdk, store.origin)
        recorder = BuildRecorder(BuildResult(sdk=sdk, cache=directory.root), Timeline(listener), listener)
        #: What all parts of the build share.
        self.context = BuildContext(catalogue=catalogue, home=home, store=store, cache=directory, options=options,
                                    listener=listener, known=KeyCache(catalogue, options.builder), recorder=recorder)
        self.catalogue, self.home, self.store, self.cache = catalogue, home, store, directory
        self.options, self.listener, self.known = options, listener, self.context.known
        self.result, self.timeline, self.requested = recorder.result, recorder.timeline, recorder.requested
        #: Called with the `ports` directory after ports are installed: returns targets now known to be needed.
        self.revealed: Callable[[Path], Mapping[Mode, Sequence[str]]] = lambda _: {}
        self._prefetch = prefetch

    def run(self, requests: Iterable[Request]) -> BuildResult:
        """Build targets into the cache directory. Failures are in the result. Raises `StoreError` if it cannot write."""
        began, used, clock = time.perf_counter(), children_seconds(), time.time()
        for top in (self.store.root / 'tmp', self.cache.root / IN_FLIGHT):
            sweep(top)  # whoever was killed may have left nothing to do but that
        self._take_over()
        lacking = self._build_missing(list(requests))
        if not self.result.failures and (revealed := self.revealed(self.cache.root / 'ports')):
            lacking |= self._build_missing([Request(mode=mode, targets=tuple(targets)) for mode, targets in revealed.items()])
        self.result.seconds, self.result.cpu_seconds = time.perf_counter() - began, children_seconds() - used
        if lacking:
            from .history.build_record import save_build_record  # for `emroot report`
            save_build_record(self.home, self.catalogue, self.result, self.timeline.spans, self.context.recorder.families, clock)
        if self.result.compiled:
            from ..cache_directory.garbage_collection import collect_automatically
            collect_automatically(self.home)
        return self.result

    def _take_over(self) -> None:
        """Clear the cache directory of another SDK: emcc and lazy links use any library that is there."""
        self.cache.require_outside_sdk()
        if self.cache.is_anothers():
            from ..cache_directory.verification import clear_cache  # lazy import: rarely needed
            self.listener.warn(f'{self.cache.root} was the cache directory of another SDK than {self.cache.sdk.root}: '
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
            BuildExecutor(self.context, self._prefetch).run(missing)
            self._prefetch = None  # it is used up
        return lacking

    def _is_up_to_date(self, mode: Mode, target: str) -> bool:
        """Whether the cache directory has a valid copy of the target. A no-op build ends here."""
        if self.options.port_sources.directories() and not self.catalogue.listing(mode).library(target):
            return False  # its sources were given and may have changed: the key is needed to tell
        entry = self.known.get(mode, target)
        locations = [self.cache.recorded_location(path, entry.key) for path in entry.paths] if entry else [None]
        allowed = ('', self.cache.sdk.location_key)
        if entry is None or any(p is None or (self.options.own_location and p not in allowed) for p in locations):
            return False
        self.context.recorder.record_success(mode, target, 'reused', {ReuseReason.IN_CACHE_DIRECTORY: entry.members},
                                             location=next(filter(None, locations), ''))
        return True


def children_seconds() -> float:
    """Processor time of this process's children that have ended, in seconds."""
    times = os.times()
    return times.children_user + times.children_system
