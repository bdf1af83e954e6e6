"""How much memory there is for one job more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from .cgroups import CGROUP, CGROUPS, memory_left

#: Bytes that the largest compile takes (libc++'s locale.cpp: 202 MB), and some more.
ENOUGH = 256 << 20
#: Seconds.
_MOMENT = 0.25
_MEMINFO = Path('/proc/meminfo')


def available_memory(meminfo: Path = _MEMINFO, cgroup: Path = CGROUP, cgroups: Path = CGROUPS) -> int | None:
    """Bytes that can be had without swapping: the machine's, or this control group's where that is less."""
    found = [_of_machine(meminfo), memory_left(cgroup, cgroups)]
    return min((bytes_ for bytes_ in found if bytes_ is not None), default=None)


def jobs_that_fit(available: Callable[[], int | None] = available_memory) -> float:
    """How many jobs the memory that is left is enough for. Where nothing can be found out cheaply, any number."""
    left = available()
    return math.inf if left is None else left / ENOUGH


class MemoryLimit:
    """Whether there is memory for one job more. It is asked before every job: where there is memory for all workers and as
    many again, that is believed in for a moment."""

    def __init__(self, workers: int, fit: Callable[[], float] = jobs_that_fit) -> None:
        self._workers, self._fit, self._until = workers, fit, 0.0

    def __call__(self) -> bool:
        """Look, unless there was plenty just now."""
        now = time.monotonic()
        if now < self._until:
            return True
        jobs = self._fit()
        if jobs >= 2 * self._workers:
            self._until = now + _MOMENT
        return jobs >= 1


def _of_machine(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text(encoding='ascii').splitlines()
        return next((int(line.split()[1]) << 10 for line in lines if line.startswith('MemAvailable:')), None)
    except (OSError, ValueError, IndexError):
        return None
