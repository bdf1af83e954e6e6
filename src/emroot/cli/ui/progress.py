"""Progress of a build, and an estimate of the remaining time."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...formatting import format_estimate

#: No estimate before this number of seconds, and this fraction of the work.
_FIRST_SECONDS, _FIRST_PART = 3.0, 0.02


class Progress:
    """Finished compiles, and an estimate of the rest: its expected processor time, at the rate so far. This counts large
    files as large, and adapts to the load of the machine."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.planned(0, 0.0)

    def planned(self, compiles: int, seconds: float) -> None:
        self._began = self._clock()
        self.total, self.done = compiles, 0
        self._expected = self._left = seconds

    def left(self, compiles: int, seconds: float) -> None:
        """Record the remaining work. Threads may report out of order, so it never grows."""
        self.done = max(self.done, self.total - compiles)
        self._left = min(self._left, seconds)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._began

    @property
    def estimate(self) -> float | None:
        """Seconds until the end; None while no estimate is possible, and when no compile remains."""
        passed = self._expected - self._left
        if self.done >= self.total or self.seconds < _FIRST_SECONDS or passed < _FIRST_PART * self._expected:
            return None
        return self.seconds * self._left / passed

    def text(self) -> str:
        """The estimate as text: `about 3 min left`."""
        return 'finishing' if self.total and self.done >= self.total else \
            'estimating' if (left := self.estimate) is None else f'{format_estimate(left)} left'
