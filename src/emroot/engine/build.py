"""A build: from targets of modes to files in a cache directory, doing only what nobody has done before."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..cachedir import IN_FLIGHT, CacheDirectory
from ..catalogue import Catalogue
from ..home import Home
from ..modes import Mode
from ..store import Store
from ..store.scratch import sweep
from ..wording import excerpt
from .ahead import Ahead
from .events import Silent, Watcher
from .keys import KnownKeys
from .request import Options, Request
from .result import BuildResult, Failure, ModeResult
from .timeline import Timeline

if TYPE_CHECKING:
    from ..base import Base, Based
    from ..plan import Archive


class Build:
    """One build into one cache directory."""

    def __init__(self, catalogue: Catalogue, home: Home, store: Store, cache: Path | None = None,
                 options: Options | None = None, watcher: Watcher | None = None, ahead: Ahead | None = None) -> None:
        """`ahead`: what was begun already (see `ahead.py`)."""
        sdk = catalogue.sdk
        self.catalogue, self.home, self.store = catalogue, home, store
        self.options, self.watcher, self.ahead = options or Options(), watcher or Silent(), ahead or Ahead()
        self.cache = CacheDirectory(cache or home.cache_directory(sdk.version, sdk.digest, store.origin), sdk, store.origin)
        self.result = BuildResult(sdk=sdk, cache=self.cache.root)
        self.timeline = Timeline(self.watcher)
        self.known = KnownKeys(catalogue, self.options.builder)
        #: The library of each `MODE/TARGET` that is a variant of one and was compiled here.
        self.families: dict[str, str] = {}
        #: All targets that were asked for, by mode.
        self.requested: dict[Mode, list[str]] = {}
        #: Targets by mode that turn out to be needed once ports are in the cache directory, whose `ports` it gets.
        self.revealed: Callable[[Path], Mapping[Mode, Sequence[str]]] = lambda _: {}
        self._lock = threading.Lock()

    def run(self, requests: Iterable[Request]) -> BuildResult:
        """Make the cache directory hold what is requested. Targets that fail are in the result, not raised.

        Raises `StoreError` if the store or the cache directory cannot be written to.
        """
        began, used, clock = time.perf_counter(), _children_seconds(), time.time()
        for top in (self.store.root / 'tmp', self.cache.root / IN_FLIGHT):
            sweep(top)  # whoever was killed may have left nothing to do but that
        self._take_over()
        lacking = self._fill(list(requests))
        if not self.result.failures and (revealed := self.revealed(self.cache.root / 'ports')):
            lacking |= self._fill([Request(mode=mode, targets=tuple(targets)) for mode, targets in revealed.items()])
        self.result.seconds = time.perf_counter() - began
        self.result.cpu_seconds = _children_seconds() - used
        if lacking:
            from .lastbuild import save_last_build  # for `emroot report`
            save_last_build(self, clock)
        return self.result

    def _take_over(self) -> None:
        """Leave nothing of another SDK in the cache directory: emcc, and lazy links, take whatever library is there."""
        self.cache.check_place()
        if self.cache.is_anothers():
            from ..cachecheck import clear_cache  # here and not above: seldom so
            self.watcher.warn(f'{self.cache.root} was the cache directory of another SDK than {self.cache.sdk.root}: '
                              'its content is removed, as emcc does')
            clear_cache(self.cache.root)

    def _fill(self, requests: Iterable[Request]) -> bool:
        """Make what is missing; whether something was."""
        for request in requests:
            self.result.modes.setdefault(request.mode, ModeResult())
            self.requested.setdefault(request.mode, []).extend(request.targets)
        missing = [(request.mode, [t for t in request.targets if not self._holds(request.mode, t)])
                   for request in requests]
        lacking = any(targets for _, targets in missing)
        if lacking or not self.cache.has_headers():
            from .fill import Fill  # here and not above: mostly there is nothing to do
            Fill(self).run(missing)
            self.ahead = Ahead()  # that is used up
        return lacking

    @cached_property
    def bases(self) -> list[Base]:
        """Cache directories of others to look in: the one that was named, and the SDK's own."""
        from ..base import Base, own_bases  # here and not above: mostly nothing is looked for
        named, sdk = self.options.base, self.catalogue.sdk
        return [*([Base(named, sdk)] if named else []), *(own_bases(sdk, self.cache.root) if self.options.sdk_cache else [])]

    def find_based(self, archive: Archive) -> tuple[Base, Based] | None:
        """An archive that a base has, and which."""
        members = [name for name, _ in archive.members]
        return next(((base, found) for base in self.bases if (found := base.find(
            archive.path, archive.key, own_place=self.options.own_place, members=members))), None)

    def _holds(self, mode: Mode, target: str) -> bool:
        """Whether the cache directory already has a target; the no-op build ends here, without a plan."""
        if self.options.port_sources.directories() and not self.catalogue.listing(mode).library(target):
            return False  # its sources were given and may have changed: the key is needed to tell
        entry = self.known.get(mode, target)
        places = [self.cache.held(path, entry.key) for path in entry.paths] if entry else [None]
        allowed = ('', self.cache.sdk.place)
        if entry is None or any(p is None or (self.options.own_place and p not in allowed) for p in places):
            return False
        self.done(mode, target, 'reused', {'in_cache_directory': entry.members}, place=next(filter(None, places), ''))
        return True

    def done(self, mode: Mode, target: str, state: str, reused: Mapping[str, int], *, place: str = '') -> None:
        """A target is in place, `built` or `reused`; `reused` counts its members that needed no compile, by why. `place` is the
        digest of the place that its bytes carry."""
        elsewhere = place not in ('', self.cache.sdk.place)
        if elsewhere:
            self.watcher.note(f'{mode}/{target} comes from an SDK of the same content in another directory, which its '
                              'debug information contains (EMROOT_PLACE=own builds it again)')
        with self._lock:
            if elsewhere:
                self.result.elsewhere.append(f'{mode}/{target}')
            self.result.reused += sum(reused.values())
            self.result.modes[mode].why.update(reused)
            getattr(self.result.modes[mode], state).append(target)
        if state == 'reused':
            self.timeline.take('archive', f'{mode}/{target}')
        self.watcher.archive(f'{mode}/{target}', state)

    def failed(self, mode: Mode, target: str, failure: Failure) -> None:
        """A target cannot be made."""
        self.watcher.note(f'{mode}/{target} cannot be built: {failure.error}')
        with self._lock:
            self.result.modes[mode].failed.append(Failure(target, excerpt(failure.error), failure.command))
        self.watcher.archive(f'{mode}/{target}', 'failed')


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system

