"""A build's timeline: the jobs of each worker, and what was reused instead."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

from ..events import BuildListener, Ended, Started


class Span(NamedTuple):
    """A job on a worker. Times are seconds since the start of the build."""

    worker: int
    kind: str
    """`compile`, `archive` or `embuilder`."""
    name: str
    """`MODE/TARGET source.c`, or `MODE/TARGET` for a job that makes a whole target."""
    began: float
    seconds: float
    family: str = ''
    """The family of a compile; those of one family run one after the other (see `engine/reuse/compile_manifests.py`)."""
    serves: tuple[str, ...] = ()
    """The archives (`MODE/TARGET`) that need it."""

    @property
    def ended(self) -> float:
        return self.began + self.seconds


class Reuse(NamedTuple):
    """A reused `object`, or an `archive` from the store or already in the cache directory."""

    kind: str
    name: str
    at: float
    family: str = ''
    serves: tuple[str, ...] = ()


class Timeline:
    """Records jobs from any thread, and passes them on to the listener."""

    def __init__(self, listener: BuildListener) -> None:
        self.spans: list[Span] = []
        self.reuses: list[Reuse] = []
        self._listener = listener
        #: On `time.perf_counter`.
        self.began = time.perf_counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def job(self, worker: int, kind: str, name: str, *, family: str = '', serves: tuple[str, ...] = ()) -> Iterator[None]:
        """Record the block as a job, even if it raises."""
        self._listener.on(Started(worker, name))
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            span = Span(worker=worker, kind=kind, name=name, began=began - self.began, seconds=seconds, family=family,
                        serves=serves)
            with self._lock:
                self.spans.append(span)
            self._listener.on(Ended(worker, name, seconds, kind))

    def record_reuse(self, kind: str, name: str, *, family: str = '', serves: tuple[str, ...] = ()) -> None:
        """Record a reused object or archive."""
        found = Reuse(kind=kind, name=name, at=time.perf_counter() - self.began, family=family, serves=serves)
        with self._lock:
            self.reuses.append(found)

    def busy(self, workers: int) -> float | None:
        """The fraction (0 to 1) of the workers' time that jobs took, between first and last compile; None without one."""
        compiles = [span for span in self.spans if span.kind == 'compile']
        if not compiles:
            return None
        first, last = min(span.began for span in compiles), max(span.ended for span in compiles)
        spent = sum(max(0.0, min(span.ended, last) - max(span.began, first)) for span in self.spans)
        return spent / (workers * (last - first))
