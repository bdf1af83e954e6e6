"""A build's timeline: which worker did what and when, and what was taken from the store instead of being made."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..events import Watcher


@dataclass(frozen=True, kw_only=True)
class Span:
    """A job on a worker. Times are seconds since the build began."""

    worker: int
    kind: str
    """`compile`, `archive` or `embuilder`."""
    name: str
    """`MODE/TARGET source.c`, or `MODE/TARGET` for what makes a whole target."""
    began: float
    seconds: float
    family: str = ''
    """Compiles of one family are done one after the other (see `engine/reuse/compile_manifests.py`)."""
    serves: tuple[str, ...] = ()
    """The archives (`MODE/TARGET`) that waited for it."""

    @property
    def ended(self) -> float:
        """When it was done."""
        return self.began + self.seconds


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """Something that needed no work: an `object`, or an `archive` of the store or already in the cache directory."""

    kind: str
    name: str
    at: float
    family: str = ''
    serves: tuple[str, ...] = ()


class Timeline:
    """Written to from any thread; the watcher is told along the way."""

    def __init__(self, watcher: Watcher) -> None:
        self.spans: list[Span] = []
        self.reuses: list[Reuse] = []
        self._watcher = watcher
        #: On `time.perf_counter`.
        self.began = time.perf_counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def job(self, worker: int, kind: str, name: str, *, family: str = '', serves: tuple[str, ...] = ()) -> Iterator[None]:
        """The time that the block takes is a job's, however it ends."""
        self._watcher.started(worker, name)
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            span = Span(worker=worker, kind=kind, name=name, began=began - self.began, seconds=seconds, family=family,
                        serves=serves)
            with self._lock:
                self.spans.append(span)
            self._watcher.ended(worker, name, seconds, kind)

    def record_reuse(self, kind: str, name: str, *, family: str = '', serves: tuple[str, ...] = ()) -> None:
        """Note what needed no work."""
        found = Reuse(kind=kind, name=name, at=time.perf_counter() - self.began, family=family, serves=serves)
        with self._lock:
            self.reuses.append(found)

    def busy(self, workers: int) -> float | None:
        """The part (0 to 1) of the workers' time, from the first compile's start to the last one's end, that was spent in
        jobs; None if nothing was compiled."""
        compiles = [span for span in self.spans if span.kind == 'compile']
        if not compiles:
            return None
        first, last = min(span.began for span in compiles), max(span.ended for span in compiles)
        spent = sum(max(0.0, min(span.ended, last) - max(span.began, first)) for span in self.spans)
        return spent / (workers * (last - first))
