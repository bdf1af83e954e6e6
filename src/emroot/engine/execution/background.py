"""Run a call in a background thread, for calls that wait for other processes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar('T')


class BackgroundCall(Generic[T]):
    """A call that runs in a thread of its own, and its result."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._results: list[T] = []
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the call has ended, with a result or an exception."""
        self._thread.join()

    def result(self) -> T:
        """Wait, then return what the call returned, or raise what it raised."""
        self.wait()
        if self._failed:
            raise self._failed[0]
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001  # raised to whoever wants the result
            self._failed.append(error)


@contextlib.contextmanager
def run_in_background(call: Callable[[], T]) -> Iterator[BackgroundCall[T]]:
    """Run a call in a thread during the block, and wait for it. Its exception is raised after the block."""
    later = BackgroundCall(call)
    try:
        yield later
    finally:
        later.wait()
    later.result()
