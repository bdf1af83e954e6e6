"""Run a call in a background thread, for calls that wait for other processes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar('T')


@contextlib.contextmanager
def run_in_background(call: Callable[[], T]) -> Iterator[Future[T]]:
    """Run a call in a thread during the block, and wait for it. Its exception is raised after the block."""
    with later_result(call) as later:
        yield later
    later.result()


@contextlib.contextmanager
def later_result(call: Callable[[], T]) -> Iterator[Future[T]]:
    """The same, but its exception is raised only to whoever asks for the result."""
    from concurrent.futures import ThreadPoolExecutor  # lazy import: most builds have nothing to do
    with ThreadPoolExecutor(1) as executor:
        yield executor.submit(call)
