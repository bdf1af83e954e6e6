"""From a plan to jobs: missing objects are compiled, and each archive is made after its last compile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..keys.location import KeysOf, local_key
from ..keys.plan import Archive, Compile, Plan
from ..store import Blob, Lock
from .archives import KIND as ARCHIVE
from .archives import find_archive, make_archive
from .events import Planned, Remaining
from .execution.pool import Pool
from .objects import Objects
from .recorder import BuildRecorder
from .result import Failure, ReuseReason
from .sequences import LATER, make_sequences, share_modules

if TYPE_CHECKING:
    from .execution.shared_front_end import SharedModule

#: How often to look for another process's result before compiling anyway: about a minute in total.
TRIES = 600


PutArchive = Callable[[Archive, Blob, str, Mapping[ReuseReason, int], str], None]
"""Called with an archive, its state, the members that needed no compile, and the digest of the SDK location in it."""


class Schedule:
    """The jobs of one plan. Some compiles run one after the other (see `sequences.py`); everything else runs in parallel."""

    def __init__(self, plan: Plan, objects: Objects, pool: Pool, recorder: BuildRecorder, put_archive: PutArchive,
                 keys_of: KeysOf, fetched: Collection[str] = ()) -> None:
        self.plan, self.objects, self.pool, self.recorder = plan, objects, pool, recorder
        self.result, self.timeline = recorder.result, recorder.timeline
        self.store, self.context, self.listener = objects.store, objects.context, objects.listener
        self._put_archive, self._keys_of, self._fetched = put_archive, keys_of, fetched
        self._modules: dict[str, SharedModule] = {}
        self._why: dict[str, ReuseReason] = {}
        self._expectation: dict[str, float] = {}
        #: Compiles and their expected seconds: finished, and remaining once that is known.
        self._done: tuple[int, float] = (0, 0.0)
        self._left: tuple[int, float] | None = None
        self._lock = threading.Lock()

    def start(self, others: int = 0) -> None:
        """Handle what the store has, and queue the rest, the longest jobs first: a running pool starts with these while the
        search continues. `others`: the number of targets made in other ways."""
        awaited: dict[str, list[_Pending]] = {}
        pending = [_Pending(archive) for archive in self.plan.archives if not self._use_stored(archive)]
        for todo in pending:
            for key in todo.needed:
                awaited.setdefault(key, []).append(todo)
        sequences = make_sequences(map(self.plan.compiles.__getitem__, awaited), self.objects.families.key,
                                   expected=self._expected, workers=self.pool.workers, shared=self.objects.shared is not None)
        compiles, seconds = 0, 0.0
        for sequence in sorted(sequences, key=lambda sequence: -sum(map(self._expected, sequence))):
            remaining: _Sequence = []
            for compile_ in sequence:
                found = self._find(compile_)
                if found is None:
                    remaining.append((compile_, awaited[compile_.key]))
                    continue
                self._take(compile_, awaited[compile_.key])
                for todo in self._arrived(compile_.key, found, awaited[compile_.key]):
                    self.pool.add(0.0, partial(self._join, todo))
            self._share([compile_ for compile_, _ in remaining])
            compiles, seconds = compiles + len(remaining), seconds + sum(self._expected(compile_) for compile_, _ in remaining)
            self._queue(remaining)
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
            self._put_archive(archive, found.blob, 'reused', {why: len(archive.members)}, found.location)
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

    def _share(self, sequence: list[Compile]) -> None:
        """Have compiles of a sequence share their front end where this is possible."""
        if self.objects.shared is None:
            return
        seen: set[SharedModule] = set()
        for key, module in share_modules(sequence).items():
            self._modules[key] = module
            self._expectation[key] *= LATER if module in seen else 1.0
            seen.add(module)

    def _queue(self, sequence: _Sequence) -> None:
        """Queue the next compile of a sequence, with the cost of all its remaining compiles."""
        if sequence:
            self.pool.add(sum(self._expected(compile_) for compile_, _ in sequence), partial(self._compile_next, sequence, 0))

    def _compile_next(self, sequence: _Sequence, tries: int, worker: int) -> None:
        """Run the next compile of a sequence. If another process is running it, try again later."""
        compile_, archives = sequence[0]
        module = self._modules.get(compile_.key)
        with self.store.compile_lock(compile_.key) as held:
            made: Blob | Failure | None = self._find(compile_)
            if made is None and held is Lock.BUSY and tries < TRIES:
                time.sleep(0.01 if tries < 20 else 0.1)
                self.pool.add(-float(tries), partial(self._compile_next, sequence, tries + 1))
                return
            if made is None:
                made = self._compile(compile_, archives, worker, module)
            else:
                self._take(compile_, archives)
        if module:
            module.end_compile()
        self._tick(compile_)
        del sequence[0]
        self._queue(sequence)
        for todo in self._arrived(compile_.key, made, archives):
            self._join(todo, worker)

    def _arrived(self, key: str, made: Blob | Failure, archives: Iterable[_Pending]) -> list[_Pending]:
        """Record an object or a failure. Returns the archives that are now complete."""
        with self._lock:
            for todo in archives:
                if isinstance(made, Failure):
                    todo.failures[key] = made
                else:
                    todo.blobs[key] = made
            return [todo for todo in archives if len(todo.blobs) + len(todo.failures) == len(todo.needed)]

    def _compile(self, compile_: Compile, archives: list[_Pending], worker: int, module: SharedModule | None) -> Blob | Failure:
        with self.timeline.job(worker, 'compile', f'{archives[0].archive.name} {compile_.name}',
                               family=self.objects.families.key(compile_), serves=_names(archives)):
            made = self.objects.make(compile_, module)
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
        """Use the objects of an archive, when there is one for each member, or record the failure."""
        if todo.failures:
            self.recorder.record_failure(todo.archive.mode, todo.archive.target, next(iter(todo.failures.values())))
        else:
            self._use_objects(todo, worker)

    def _use_objects(self, todo: _Pending, worker: int) -> None:
        archive, sdk = todo.archive, self.context.sdk
        location_dependent = any(self.objects.is_location_dependent(key) for key in todo.blobs)
        key = local_key(archive.key, sdk.embedded_paths, ARCHIVE) if location_dependent else archive.key
        with self.timeline.job(worker, 'archive', archive.name, serves=(archive.name,)):
            made = make_archive(archive, [todo.blobs[each] for _, each in archive.members], key, self.store, self.context,
                                self.objects.env, self.pool, self.listener)
        if isinstance(made, Failure):
            self.recorder.record_failure(archive.mode, archive.target, made)
        else:
            self._put_archive(archive, made, 'built', self._reused(todo), sdk.location_key if location_dependent else '')

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

    def _use_objects(self, todo: _Pending, worker: int) -> None:
        archive = todo.archive
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


_Sequence = list[tuple[Compile, list[_Pending]]]
