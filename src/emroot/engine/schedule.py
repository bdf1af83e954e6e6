"""From a plan to jobs: what the store cannot answer is compiled, and each archive joined behind its last compile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ..modes import Mode
from ..plan import Archive, Compile, Plan
from ..store import Blob, Lock
from .archives import KIND as ARCHIVE
from .archives import find_archive, make_archive
from .located import KeysOf, located_key
from .objects import Objects
from .pool import Pool
from .result import BuildResult, Failure
from .timeline import Timeline

#: How often to look again for what another process is compiling before doing it after all: about a minute.
TRIES = 600


class Placed(Protocol):
    """What to do with an archive: `state` is `built` or `reused`, `reused` how many members needed no compile, by why (see
    `result.REASONS`), `place` the digest of the place that its bytes carry."""

    def __call__(self, archive: Archive, blob: Blob, state: str, reused: Mapping[str, int], *, place: str) -> None: ...


class Failed(Protocol):
    """What to do with a target that cannot be made."""

    def __call__(self, mode: Mode, target: str, failure: Failure) -> None: ...


class Schedule:
    """The jobs of one plan. Compiles of one family (see `sharing.py`) come one after the other, since the later ones may turn
    out to be equal to an earlier one; families, archives and everything else go side by side."""

    def __init__(self, plan: Plan, objects: Objects, pool: Pool, result: BuildResult, timeline: Timeline,
                 placed: Placed, failed: Failed, keys_of: KeysOf, fetched: Collection[str] = ()) -> None:
        self.plan, self.objects, self.pool, self.result, self.timeline = plan, objects, pool, result, timeline
        self.store, self.places, self.watcher = objects.store, objects.places, objects.watcher
        self._placed, self._failed, self._keys_of, self._fetched = placed, failed, keys_of, fetched
        self._chains: dict[str, list[tuple[Compile, list[_Pending]]]] = {}
        self._why: dict[str, str] = {}
        self._expectation: dict[str, float] = {}
        self._compiles, self._seconds = 0, 0.0
        self._lock = threading.Lock()

    def start(self, besides: int = 0) -> None:
        """Place what the store has, and queue the rest. `besides` is how many targets are made in other ways."""
        waiting: dict[str, list[_Pending]] = {}
        found: dict[str, Blob | None] = {}
        taken: dict[str, list[_Pending]] = {}
        pending = []
        for archive in self.plan.archives:
            if self._place_from_store(archive):
                continue
            todo = _Pending(archive)
            for _, key in archive.members:
                if key not in found:
                    found[key] = self._find(self.plan.compiles[key])
                todo.take(key, found[key])
                (waiting if found[key] is None else taken).setdefault(key, []).append(todo)
            pending.append(todo)
        for key, archives in taken.items():
            self._take(self.plan.compiles[key], archives)
        self._compiles, self._seconds = len(waiting), sum(self._expected(self.plan.compiles[key]) for key in waiting)
        self.watcher.planned(archives=len(pending) + besides, compiles=self._compiles, seconds=self._seconds)
        for todo in pending:
            if todo.complete:
                self.pool.add(0.0, partial(self._join, todo))
        for key, archives in waiting.items():
            compile_ = self.plan.compiles[key]
            self._chains.setdefault(self.objects.families.key(compile_), []).append((compile_, archives))
        for family in self._chains:
            self._queue(family)

    def _place_from_store(self, archive: Archive) -> bool:
        found = find_archive(self.store, self._keys_of(archive.key, ARCHIVE))
        if found:
            why = 'archive_from_remote' if found.key in self._fetched else 'archive_in_store'
            self._placed(archive, found.blob, 'reused', {why: len(archive.members)}, place=found.place)
        return found is not None

    def _find(self, compile_: Compile) -> Blob | None:
        """An object that is there, under its own name or a relative's."""
        if blob := self.objects.find(compile_):
            self._why[compile_.key] = 'in_store'
            return blob
        blob = self.objects.find_relative(compile_)
        if blob:
            self._why[compile_.key] = 'same_in_family'
            with self._lock:
                self.result.recognised += 1
        return blob

    def _queue(self, family: str) -> None:
        """A family is as expensive as all that may be left of it."""
        chain = self._chains[family]
        if chain:
            self.pool.add(sum(self._expected(compile_) for compile_, _ in chain), partial(self._compile_next, family, 0))

    def _compile_next(self, family: str, tries: int, worker: int) -> None:
        """Compile the next of a family, unless another process is at it: then look again later."""
        compile_, archives = self._chains[family][0]
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
        del self._chains[family][0]
        self._queue(family)
        for todo in archives:
            with self._lock:
                todo.take(compile_.key, made)
                ready = todo.complete
            if ready:
                self._join(todo, worker)

    def _compile(self, compile_: Compile, archives: list[_Pending], worker: int, family: str) -> Blob | Failure:
        with self.timeline.job(worker, 'compile', f'{archives[0].archive.name} {compile_.name}', family=family,
                               serves=_names(archives)):
            made = self.objects.make(compile_)
        with self._lock:
            self.result.compiled += 1
            archives[0].compiled += 1
        return made

    def _tick(self, compile_: Compile) -> None:
        """One compile less to do."""
        with self._lock:
            self._compiles -= 1
            self._seconds -= self._expectation.pop(compile_.key)
            compiles, seconds = self._compiles, max(self._seconds, 0.0)
        self.watcher.left(compiles=compiles, seconds=seconds)

    def _take(self, compile_: Compile, archives: list[_Pending]) -> None:
        """An object is there without a compile."""
        self.timeline.take('object', f'{archives[0].archive.name} {compile_.name}', serves=_names(archives),
                           family=self.objects.families.key(compile_))

    def _join(self, todo: _Pending, worker: int) -> None:
        archive = todo.archive
        if todo.failures:
            self._failed(archive.mode, archive.target, next(iter(todo.failures.values())))
            return
        members, sdk = [todo.blobs[key] for _, key in archive.members], self.places.sdk
        located = any(self.objects.is_located(key) for key in todo.blobs)
        with self.timeline.job(worker, 'archive', archive.name, serves=(archive.name,)):
            made = make_archive(archive, members, located_key(archive.key, sdk.places, ARCHIVE) if located else archive.key,
                                self.store, self.places, self.objects.env, self.pool, self.watcher)
        if isinstance(made, Failure):
            self._failed(archive.mode, archive.target, made)
        else:
            self._placed(archive, made, 'built', self._reused(todo), place=sdk.place if located else '')

    def _reused(self, todo: _Pending) -> Counter[str]:
        """How many members of an archive needed no compile of their own, by why."""
        why = Counter(self._why.get(key, 'compiled_once_in_this_build') for _, key in todo.archive.members)
        why['compiled_once_in_this_build'] -= todo.compiled
        return +why

    def _expected(self, compile_: Compile) -> float:
        """The same answer each time, though builds learn."""
        if compile_.key not in self._expectation:
            self._expectation[compile_.key] = self.objects.durations.expected(compile_)
        return self._expectation[compile_.key]


class Gathering(Schedule):
    """The jobs of a plan whose archives have only some of their members, and are not to be joined."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.gathered: dict[str, dict[str, Path]] = {}

    def _place_from_store(self, archive: Archive) -> bool:
        return False

    def _join(self, todo: _Pending, worker: int) -> None:
        archive = todo.archive
        if todo.failures:
            self._failed(archive.mode, archive.target, next(iter(todo.failures.values())))
            return
        with self._lock:
            self.result.reused += len(archive.members) - todo.compiled
            self.gathered[archive.name] = {name: self.store.path(todo.blobs[key].digest) for name, key in archive.members}


def _names(archives: list[_Pending]) -> tuple[str, ...]:
    return tuple(todo.archive.name for todo in archives)


class _Pending:
    """An archive waiting for its objects."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.blobs: dict[str, Blob] = {}
        self.failures: dict[str, Failure] = {}
        self.compiled = 0
        self._needed = {key for _, key in archive.members}

    def take(self, key: str, made: Blob | Failure | None) -> None:
        """Note an object, or that it failed."""
        if isinstance(made, Failure):
            self.failures[key] = made
        elif made is not None:
            self.blobs[key] = made

    @property
    def complete(self) -> bool:
        """Whether nothing is awaited any more."""
        return len(self.blobs) + len(self.failures) == len(self._needed)
