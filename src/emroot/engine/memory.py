"""How much memory there is for one job more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

#: Bytes that the largest compile takes (libc++'s locale.cpp: 202 MB), and some more.
ENOUGH = 256 << 20
#: Seconds.
_MOMENT = 0.25
_MEMINFO = Path('/proc/meminfo')
_CGROUP = Path('/proc/self/cgroup')
_CGROUPS = Path('/sys/fs/cgroup')


def available_memory(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP, cgroups: Path = _CGROUPS) -> int | None:
    """Bytes that can be had without swapping: the machine's, or this control group's (version 2) where that is less."""
    found = [_of_machine(meminfo), _of_group(cgroup, cgroups)]
    return min((bytes_ for bytes_ in found if bytes_ is not None), default=None)


def jobs_that_fit(available: Callable[[], int | None] = available_memory) -> float:
    """How many jobs the memory that is left is enough for. Where nothing can be found out cheaply, any number."""
    left = available()
    return math.inf if left is None else left / ENOUGH


class Room:
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


def _of_group(cgroup: Path, cgroups: Path) -> int | None:
    """What a group may still take; pages of files that nobody has used lately are given up for it."""
    try:
        lines = cgroup.read_text(encoding='ascii').splitlines()
        group = next((cgroups / line[3:].lstrip('/') for line in lines if line.startswith('0::')), None)
        if group is None:
            return None
        limit, used = ((group / name).read_text(encoding='ascii').strip() for name in ('memory.max', 'memory.current'))
        if limit == 'max':
            return None
        said = dict(line.split() for line in (group / 'memory.stat').read_text(encoding='ascii').splitlines())
        return int(limit) - int(used) + int(said.get('inactive_file', 0))
    except (OSError, ValueError):
        return None
