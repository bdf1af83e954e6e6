"""Doing two things at once that wait for other processes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def beside(call: Callable[[], None]) -> Iterator[None]:
    """Call it in a thread while the block runs, and wait for it; what it raises is raised after the block, unless that fails."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  # raised below
            failed.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failed:
        raise failed[0]
