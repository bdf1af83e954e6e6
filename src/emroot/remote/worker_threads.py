"""Threads for requests to a remote, which end with the process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from ..errors import EmrootError
from .circuit_breaker import CircuitBreaker
from .errors import TransportError, Unavailable
from .transport import Transport

Job = Callable[[Transport], None]
MAX_THREADS = 8


class WorkerThreads:
    """Runs jobs on up to `MAX_THREADS` threads, each with its own transport, until the circuit is open."""

    def __init__(self, circuit: CircuitBreaker, connect: Callable[[], Transport], note: Callable[[str], None]) -> None:
        self._circuit, self._connect, self._note = circuit, connect, note
        self._jobs: deque[Job] = deque()
        self._unfinished = self._threads = 0
        self._transports: list[Transport] = []
        self._changed = threading.Condition()

    def add(self, job: Job) -> None:
        with self._changed:
            self._jobs.append(job)
            self._unfinished += 1
            start = self._threads < min(MAX_THREADS, self._unfinished)
            self._threads += start
            self._changed.notify_all()
        if start:
            threading.Thread(target=self._work, daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds`. Returns whether all jobs have ended, or no more will start."""
        with self._changed:
            if self._unfinished and not self._circuit.open:
                self._changed.wait(seconds)
            return not self._unfinished or self._circuit.open

    def abort(self) -> None:
        with self._changed:
            self._circuit.open = True
            self._changed.notify_all()
            transports = list(self._transports)
        for transport in transports:
            transport.abort()

    def _work(self) -> None:
        transport: Transport | None = None
        while job := self._next():
            try:
                if transport is None:
                    transport = self._connect()
                    with self._changed:
                        self._transports.append(transport)
                job(transport)
            except TransportError as error:
                self._circuit.record_failure(error)
            except (EmrootError, OSError) as error:  # on our side: the build will say so where it matters
                self._note(f'remote: {error}')
            except Exception as error:  # noqa: BLE001  # whatever a remote makes of us, it does not fail a build
                self._circuit.record_failure(Unavailable(f'its answer is not understood ({type(error).__name__})'))
            finally:
                with self._changed:
                    self._unfinished -= 1
                    self._changed.notify_all()

    def _next(self) -> Job | None:
        with self._changed:
            while not self._jobs and not self._circuit.open:
                self._changed.wait()
            return None if self._circuit.open else self._jobs.popleft()
