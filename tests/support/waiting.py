"""Waiting for what happens, with a limit that only something broken reaches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from emroot.engine.execution.pool import Pool

#: Seconds. A busy machine takes what it takes.
LIMIT = 300.0


def wait_until(what: Callable[[], object]) -> None:
    """Until it is so. Raises TimeoutError after minutes."""
    end = time.monotonic() + LIMIT
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(f'waited {LIMIT:.0f} s')
        time.sleep(0.01)


def once(act: Callable[[], object], what: Callable[[], object]) -> None:
    """Do something, on a thread of its own, as soon as something else is so."""
    def run() -> None:
        wait_until(what)
        act()
    threading.Thread(target=run, daemon=True).start()


def most_at_once(pool: Pool, expected: int, *, first: Callable[[], object] = lambda: None) -> int:
    """How many jobs run at once in a pool, where each waits until `expected` do. `first` is done by the first of them."""
    together, lock, running, most, begun = threading.Barrier(expected), threading.Lock(), 0, 0, False

    def job(_: int) -> None:
        nonlocal running, most, begun
        with lock:
            running, most = running + 1, max(most, running + 1)
            mine, begun = not begun, True
        if mine:
            first()
        together.wait(LIMIT)
        time.sleep(0.005)  # one too many may show itself
        with lock:
            running -= 1
    for _ in range(4 * expected):
        pool.add(1.0, job)
    pool.run()
    return most
