"""How far a build is, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...formatting import format_estimate

#: Seconds, and part of the work, before which an estimate would be a guess.
_FIRST_SECONDS, _FIRST_PART = 3.0, 0.02


class Progress:
    """Compiles done, and an estimate of the rest: the processor time expected of what is left, at the pace at which expected
    time has passed so far. So it counts large files as large, and knows how fast this machine is with all that runs on it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self.total = self.done = 0
        self._expected = self._left = 0.0

    def planned(self, compiles: int, seconds: float) -> None:
        """The work begins now."""
        self._began = self._clock()
        self.total, self.done = compiles, 0
        self._expected = self._left = seconds

    def left(self, compiles: int, seconds: float) -> None:
        """So much is left. Told by several threads, perhaps not in order: it never grows."""
        self.done = max(self.done, self.total - compiles)
        self._left = min(self._left, seconds)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._clock() - self._began

    @property
    def estimate(self) -> float | None:
        """Seconds that the rest will take; None as long as nothing honest can be said, and when no compile is left."""
        passed = self._expected - self._left
        if self.done >= self.total or self.seconds < _FIRST_SECONDS or passed < _FIRST_PART * self._expected:
            return None
        return self.seconds * self._left / passed

    def text(self) -> str:
        """What there is to say of it: `about 3 min left`."""
        return 'finishing' if self.total and self.done >= self.total else \
            'estimating' if (left := self.estimate) is None else f'{format_estimate(left)} left'
