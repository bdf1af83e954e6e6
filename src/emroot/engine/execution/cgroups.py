"""Memory and processors that Linux's control groups (versions 1 and 2) leave to this process, such as a container or CI job.

`/proc/meminfo` and the number of processors are those of the machine. The limits of parent groups apply, too. Inside a container
the path of the group may be a path on the host; then the visible group is the container's own, at the top.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

CGROUP = Path('/proc/self/cgroup')
CGROUPS = Path('/sys/fs/cgroup')


def memory_left(cgroup: Path = CGROUP, cgroups: Path = CGROUPS) -> int | None:
    """Bytes that this process's groups may still allocate, with inactive file pages. None without a limit."""
    found = [_left(group, *names) for version, group in _groups('memory', cgroup, cgroups) for names in (_MEMORY[version],)]
    return min((left for left in found if left is not None), default=None)


def processors_allowed(cgroup: Path = CGROUP, cgroups: Path = CGROUPS) -> int | None:
    """The processors whose time this process's groups may use (`docker run --cpus`). None without a limit."""
    found = [_quota(version, group) for version, group in _groups('cpu', cgroup, cgroups)]
    return min((quota for quota in found if quota is not None), default=None)


#: By version: the files of limit and usage, and the entry of `memory.stat` that can be reclaimed.
_MEMORY = {2: ('memory.max', 'memory.current', 'inactive_file'),
           1: ('memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file')}


def _groups(controller: str, cgroup: Path, cgroups: Path) -> Iterator[tuple[int, Path]]:
    """Version and directory of each group of this process, from its own up to the top."""
    try:
        lines = cgroup.read_text(encoding='utf-8', errors='surrogateescape').splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(':')
        names, _, path = rest.partition(':')
        if not names:
            tops = [cgroups, cgroups / 'unified']
        elif controller in names.split(','):
            tops = [cgroups / names, cgroups / controller]
        else:
            continue
        top = next((each for each in tops if (each / path.lstrip('/')).is_dir()), next(filter(Path.is_dir, tops), None))
        if top is None:
            continue
        group = top / path.lstrip('/')
        while group != top and top in group.parents:
            yield (1 if names else 2), group
            group = group.parent
        yield (1 if names else 2), top


def _left(group: Path, limit: str, used: str, idle: str) -> int | None:
    try:
        most = _read(group / limit)
        if most == 'max':
            return None
        statistics = dict(line.split() for line in _read(group / 'memory.stat').splitlines())
        return int(most) - int(_read(group / used)) + int(statistics.get(idle, 0))
    except (OSError, ValueError):
        return None


def _quota(version: int, group: Path) -> int | None:
    try:
        quota, period = _read(group / 'cpu.max').split() if version == 2 else (
            _read(group / f'cpu.cfs_{name}_us') for name in ('quota', 'period'))
        return max(1, math.ceil(int(quota) / int(period))) if quota != 'max' and int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _read(file: Path) -> str:
    return file.read_text(encoding='ascii').strip()
