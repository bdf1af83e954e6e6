"""How many jobs may run at once: by the environment, the processors and the free memory."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

from .cgroups import CGROUP, CGROUPS, memory_left, processors_allowed

#: Variables for the number of parallel jobs. The second is that of emcc and embuilder.
JOBS = ('EMROOT_JOBS', 'EMCC_CORES')
#: The memory of the largest compile in bytes (libc++'s locale.cpp: 202 MB), rounded up.
ENOUGH = 256 << 20
#: Seconds.
_MOMENT = 0.25
_MEMINFO = Path('/proc/meminfo')


def available_memory(meminfo: Path = _MEMINFO, cgroup: Path = CGROUP, cgroups: Path = CGROUPS) -> int | None:
    """Bytes that can be allocated without swapping, in this control group. None if unknown."""
    found = [_of_machine(meminfo), memory_left(cgroup, cgroups)]
    return min((bytes_ for bytes_ in found if bytes_ is not None), default=None)


def jobs_that_fit(available: Callable[[], int | None] = available_memory) -> float:
    """The number of jobs for which the free memory is enough; infinite if it is unknown."""
    left = available()
    return math.inf if left is None else left / ENOUGH


class MemoryLimit:
    """Whether there is memory for another job. If there is plenty, the answer is cached for a moment."""

    def __init__(self, workers: int, fit: Callable[[], float] = jobs_that_fit) -> None:
        self._workers, self._fit, self._until = workers, fit, 0.0

    def __call__(self) -> bool:
        """Whether another job may start."""
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


def jobs_asked_for() -> int:
    """The number of jobs in the environment (EMROOT_JOBS or the SDK's EMCC_CORES); 0 if it is not set."""
    values = (os.environ.get(name, '').strip() for name in JOBS)
    return next((int(number) for number in values if number.isdecimal() and int(number)), 0)


def default_workers() -> int:
    """The number of workers: from the environment, otherwise the processors that this process may use."""
    if asked := jobs_asked_for():
        return asked
    if hasattr(os, 'process_cpu_count'):
        count = os.process_cpu_count() or 1
    elif hasattr(os, 'sched_getaffinity'):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return min(count, processors_allowed() or count)
