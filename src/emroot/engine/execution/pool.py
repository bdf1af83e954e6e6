"""One pool for all jobs of a build: the most expensive ready job first, no barriers.

With many workers, some take the cheapest job first. The work of this process around each job is serial and would otherwise pile
up at the end, when only cheap jobs remain.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import threading
import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .jobserver import Jobserver

#: Seconds for which a worker waits for a slot or for memory before it checks its state again.
_PATIENCE = 0.1


@dataclass(frozen=True)
class Finished:
    """How a process ended: exit code (negative: signal), output, wall seconds, and processor seconds (or else wall seconds)."""

    code: int
    output: bytes
    seconds: float
    processor: float


class Cancelled(Exception):
    """The pool was stopped while this job was waiting or running."""


class Executor(Protocol):
    """Runs processes for jobs: a pool, a launcher, or preloaded compilers (see `forkserver.py`)."""

    def call(self, command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str]) -> Finished:
        """Run a process to its end on behalf of a job. Raises `Cancelled` if the pool was stopped meanwhile."""


class Pool:
    """Runs jobs on `workers` threads; on fewer while the `jobserver` has no slot or there is no `room`. Jobs may add jobs. The
    first unexpected exception stops the pool and is raised."""

    def __init__(self, workers: int, jobserver: Jobserver | None = None, room: Callable[[], bool] = lambda: True) -> None:
        self.workers = max(1, workers)
        self._jobserver, self._room = jobserver, room
        #: Cost, number (the earlier, the higher) and function of each job, in order: the cheapest first.
        self._ready: list[tuple[float, int, Callable[[int], None]]] = []
        self._numbers = itertools.count(0, -1)
        self._running = 0
        self._kills: set[Callable[[], None]] = set()
        self._error: BaseException | None = None
        self._stopped = False
        #: Not acquired through the condition: an interruption in its Python code would leave it locked.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        #: Held until no job is left. Separate, so that a waiter for the end is not woken by every job.
        self._end = threading.Lock()

    def add(self, cost: float, run: Callable[[int], None]) -> None:
        """Queue a job, called with its worker's number. `cost`: expected seconds; higher ones start first."""
        with self._lock:
            insort(self._ready, (cost, next(self._numbers), run))
            self._changed.notify()

    def run(self) -> None:
        """Run until no job is left. Ctrl-C kills all processes and is raised again."""
        threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(self.workers)]
        try:
            self._end.acquire(blocking=False)
            for thread in threads:
                thread.start()
            while not self._end.acquire(timeout=0.5):
                pass
        except BaseException:
            self.stop()
            raise
        finally:
            self.stop()
            try:
                for thread in threads:
                    if thread.ident is not None:  # an interruption may come before all are started
                        thread.join(timeout=10)
            finally:
                if self._jobserver:
                    self._jobserver.close()
        if self._error:
            raise self._error

    def stop(self) -> None:
        """Drop waiting jobs and kill running processes."""
        with self._lock:
            self._stopped = True
            self._ready.clear()
            for kill in self._kills:
                kill()
            self._changed.notify_all()

    def call(self, command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str]) -> Finished:
        """See `Executor`."""
        started = time.perf_counter()
        with self._lock:
            if self._stopped:
                raise Cancelled
        process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        with self.guarding(process.kill), process:
            output = process.stdout.read() if process.stdout else b''
            used = _processor_seconds(process)
        seconds = time.perf_counter() - started
        return Finished(process.returncode, output, seconds, seconds if used is None else used)

    @contextlib.contextmanager
    def guarding(self, kill: Callable[[], None]) -> Iterator[None]:
        """Call `kill` if the pool is stopped during the block, which then ends with `Cancelled`."""
        with self._lock:
            self._kills.add(kill)
            if self._stopped:
                kill()
        try:
            yield
        finally:
            with self._lock:
                self._kills.discard(kill)
        if self._stopped:
            raise Cancelled

    def _work(self, worker: int) -> None:
        while self._wait():
            slot = self._jobserver.take(_PATIENCE) if self._jobserver else b''
            if slot is None:
                continue
            try:
                self._run_next(worker)
            finally:
                if self._jobserver:
                    self._jobserver.give(slot)

    def _wait(self) -> bool:
        """Wait until a job is ready and may start. False if no job is left."""
        with self._lock:
            while not self._stopped:
                if self._ready and (not self._running or self._room()):
                    return True
                if not self._ready and not self._running:
                    break
                self._changed.wait(_PATIENCE if self._ready else None)
            self._finish()
            return False

    def _finish(self) -> None:
        """End the pool: no job is left, or one failed. Called with the lock held."""
        self._changed.notify_all()
        if self._end.locked():
            self._end.release()

    def _run_next(self, worker: int) -> None:
        with self._lock:
            if not self._ready:  # another worker was faster
                return
            cheapest = bisect_left(self._ready, 0.0, key=lambda job: job[0])
            takes_cheapest = worker < shortest_first_workers(self.workers) and cheapest < len(self._ready)
            _, _, run = self._ready.pop(cheapest if takes_cheapest else -1)
            self._running += 1
        try:
            run(worker)
        except Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001  # carried to the caller of run()
            with self._lock:
                self._error = self._error or error
                self._ready.clear()
        finally:
            with self._lock:
                self._running -= 1
                if self._error or not (self._ready or self._running):
                    self._finish()


def shortest_first_workers(workers: int) -> int:
    """The workers that take the cheapest job first: so few that none of the longest jobs has to wait."""
    return workers // 4 if workers >= 8 else 0


def _processor_seconds(process: subprocess.Popen[bytes]) -> float | None:
    """Wait for a process. Returns its processor seconds, None if they are unknown."""
    if not hasattr(os, 'wait4'):
        return None
    try:
        _, status, used = os.wait4(process.pid, 0)
    except ChildProcessError:  # whoever killed it has waited for it
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime
