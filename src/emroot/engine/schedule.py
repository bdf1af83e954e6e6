"""From a plan to jobs: missing objects are compiled, and each archive is made after its last compile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ..keys.location import KeysOf, local_key
from ..keys.plan import Archive, Compile, Plan
from ..modes import Mode
from ..store import Blob, Lock
from .archives import KIND as ARCHIVE
from .archives import find_archive, make_archive
from .events import Planned, Remaining
from .execution.pool import Pool
from .history.timeline import Timeline
from .objects import Objects
from .result import BuildResult, Failure, ReuseReason

#: How often to look for another process's result before compiling anyway: about a minute in total.
TRIES = 600


class ArchiveCallback(Protocol):
    """Called with a finished archive, `built` or `reused`; `reused`: members that needed no compile, by reason;
    `location`: the digest of the SDK location in its bytes."""

    def __call__(self, archive: Archive, blob: Blob, state: str, reused: Mapping[ReuseReason, int], *, location: str) -> None: ...


class FailureCallback(Protocol):
    """Called with a target that cannot be built."""

    def __call__(self, mode: Mode, target: str, failure: Failure) -> None: ...


class Schedule:
    """The jobs of one plan. Compiles of one family (see `engine/reuse/compile_manifests.py`) run one after the other, since a
    later one may equal an earlier one; everything else runs in parallel."""

    def __init__(self, plan: Plan, objects: Objects, pool: Pool, result: BuildResult, timeline: Timeline,
                 on_archive: ArchiveCallback, on_failure: FailureCallback, keys_of: KeysOf,
                 fetched: Collection[str] = ()) -> None:
        self.plan, self.objects, self.pool, self.result, self.timeline = plan, objects, pool, result, timeline
        self.store, self.context, self.listener = objects.store, objects.context, objects.listener
        self._on_archive, self._on_failure, self._keys_of, self._fetched = on_archive, on_failure, keys_of, fetched
        self._families: dict[str, list[tuple[Compile, list[_Pending]]]] = {}
        self._why: dict[str, ReuseReason] = {}
        self._expectation: dict[str, float] = {}
        #: Compiles and their expected seconds: finished, and remaining once that is known.
        self._done: tuple[int, float] = (0, 0.0)
        self._left: tuple[int, float] | None = None
        self._lock = threading.Lock()

    def start(self, others: int = 0) -> None:
        """Handle what the store has, and queue the rest, the longest jobs first: a running pool starts
        with these while the search continues. `others`: the number of targets made in other ways."""
        awaited: dict[str, list[_Pending]] = {}
        pending = [_Pending(archive) for archive in self.plan.archives if not self._use_stored(archive)]
        for todo in pending:
            for key in todo.needed:
                awaited.setdefault(key, []).append(todo)
        families: dict[str, list[Compile]] = {}
        for key in awaited:
            compile_ = self.plan.compiles[key]
            families.setdefault(self.objects.families.key(compile_), []).append(compile_)
        costs = {family: sum(map(self._expected, compiles)) for family, compiles in families.items()}
        compiles, seconds = 0, 0.0
        for family in sorted(families, key=lambda family: -costs[family]):
            remaining = []
            for compile_ in families[family]:
                found = self._find(compile_)
                if found is None:
                    remaining.append((compile_, awaited[compile_.key]))
                    continue
                self._take(compile_, awaited[compile_.key])
                for todo in self._arrived(compile_.key, found, awaited[compile_.key]):
                    self.pool.add(0.0, partial(self._join, todo))
            compiles, seconds = compiles + len(remaining), seconds + sum(self._expected(compile_) for compile_, _ in remaining)
            self._families[family] = remaining
            self._queue(family)
        for todo in pending:
            if not todo.needed:
                self.pool.add(0.0, partial(self._join, todo))
        with self._lock:
            self.listener.on(Planned(archives=len(pending) + others, compiles=compiles, seconds=seconds))
            self._left = compiles - self._done[0], seconds - self._done[1]

    def _use_stored(self, archive: Archive) -> bool:
        found = find_archive(self.store, self._keys_of(archive.key, ARCHIVE))
        if found:
            why = ReuseReason.ARCHIVE_FROM_REMOTE if found.key in self._fetched else ReuseReason.ARCHIVE_IN_STORE
            self._on_archive(archive, found.blob, 'reused', {why: len(archive.members)}, location=found.location)
        return found is not None

    def _find(self, compile_: Compile) -> Blob | None:
        """An object that the store has, of this compile or of an equivalent one."""
        if blob := self.objects.find(compile_):
            self._why[compile_.key] = ReuseReason.IN_STORE
            return blob
        blob = self.objects.find_equivalent(compile_)
        if blob:
            self._why[compile_.key] = ReuseReason.EQUIVALENT
            with self._lock:
                self.result.recognised += 1
        return blob

    def _queue(self, family: str) -> None:
        """Queue the next compile of a family, with the cost of all its remaining compiles."""
        remaining = self._families[family]
        if remaining:
            self.pool.add(sum(self._expected(compile_) for compile_, _ in remaining), partial(self._compile_next, family, 0))

    def _compile_next(self, family: str, tries: int, worker: int) -> None:
        """Run the next compile of a family. If another process is running it, try again later."""
        compile_, archives = self._families[family][0]
        with self.store.compile_lock(compile_.key) as held:
            made: Blob | Failure | None = self._find(compile_)
            if made is None and held is Lock.BUSY and tries < TRIES:
                time.sleep(0.01 if tries < 20 else 0.1)
                self.pool.add(-float(tries), partial(self._compile_next, family, tries + 1))
                return
            if made is None:
                made = self._compile(compile_, archives, worker, family)
            else:
                self._take(compile_, archives)
        self._tick(compile_)
        del self._families[family][0]
        self._queue(family)
        for todo in self._arrived(compile_.key, made, archives):
            self._join(todo, worker)

    def _arrived(self, key: str, made: Blob | Failure, archives: Iterable[_Pending]) -> list[_Pending]:
        """Record an object or a failure. Returns the archives that are now complete."""
        with self._lock:
            for todo in archives:
                todo.set_member(key, made)
            return [todo for todo in archives if todo.is_complete]

    def _compile(self, compile_: Compile, archives: list[_Pending], worker: int, family: str) -> Blob | Failure:
        with self.timeline.job(worker, 'compile', f'{archives[0].archive.name} {compile_.name}', family=family,
                               serves=_names(archives)):
            made = self.objects.make(compile_)
        with self._lock:
            self.result.compiled += 1
            archives[0].compiled += 1
        return made

    def _tick(self, compile_: Compile) -> None:
        """One compile fewer remains. The number is known once all objects were looked up."""
        with self._lock:
            seconds = self._expectation.pop(compile_.key)
            self._done = self._done[0] + 1, self._done[1] + seconds
            if self._left is None:
                return
            self._left = compiles, left = self._left[0] - 1, self._left[1] - seconds
        self.listener.on(Remaining(compiles=compiles, seconds=max(left, 0.0)))

    def _take(self, compile_: Compile, archives: list[_Pending]) -> None:
        """Use an object that needs no compile."""
        self.timeline.record_reuse('object', f'{archives[0].archive.name} {compile_.name}', serves=_names(archives),
                                   family=self.objects.families.key(compile_))

    def _join(self, todo: _Pending, worker: int) -> None:
        archive = todo.archive
        if todo.failures:
            self._on_failure(archive.mode, archive.target, next(iter(todo.failures.values())))
            return
        members, sdk = [todo.blobs[key] for _, key in archive.members], self.context.sdk
        location_dependent = any(self.objects.is_location_dependent(key) for key in todo.blobs)
        with self.timeline.job(worker, 'archive', archive.name, serves=(archive.name,)):
            made = make_archive(archive, members,
                                local_key(archive.key, sdk.embedded_paths, ARCHIVE) if location_dependent else archive.key,
                                self.store, self.context, self.objects.env, self.pool, self.listener)
        if isinstance(made, Failure):
            self._on_failure(archive.mode, archive.target, made)
        else:
            self._on_archive(archive, made, 'built', self._reused(todo), location=sdk.location_key if location_dependent else '')

    def _reused(self, todo: _Pending) -> Counter[ReuseReason]:
        """The number of members of an archive that needed no compile of their own, by reason."""
        why = Counter(self._why.get(key, ReuseReason.COMPILED_ONCE) for _, key in todo.archive.members)
        why[ReuseReason.COMPILED_ONCE] -= todo.compiled
        return +why

    def _expected(self, compile_: Compile) -> float:
        """Expected seconds, constant for this build although it records new times."""
        if compile_.key not in self._expectation:
            self._expectation[compile_.key] = self.objects.durations.expected(compile_)
        return self._expectation[compile_.key]


class ObjectCollection(Schedule):
    """The jobs of a plan whose archives have only some of their members: it makes objects, no archives."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.collected: dict[str, dict[str, Path]] = {}

    def _use_stored(self, archive: Archive) -> bool:
        return False

    def _join(self, todo: _Pending, worker: int) -> None:
        archive = todo.archive
        if todo.failures:
            self._on_failure(archive.mode, archive.target, next(iter(todo.failures.values())))
            return
        with self._lock:
            self.result.reused += len(archive.members) - todo.compiled
            self.collected[archive.name] = {name: self.store.path(todo.blobs[key].digest) for name, key in archive.members}


def _names(archives: list[_Pending]) -> tuple[str, ...]:
    return tuple(todo.archive.name for todo in archives)


class _Pending:
    """An archive that waits for its objects."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.blobs: dict[str, Blob] = {}
        self.failures: dict[str, Failure] = {}
        self.compiled = 0
        self.needed = dict.fromkeys(key for _, key in archive.members)

    def set_member(self, key: str, made: Blob | Failure) -> None:
        """Record an object or a failure."""
        if isinstance(made, Failure):
            self.failures[key] = made
        else:
            self.blobs[key] = made

    @property
    def is_complete(self) -> bool:
        """Whether no object is missing."""
        return len(self.blobs) + len(self.failures) == len(self.needed)
