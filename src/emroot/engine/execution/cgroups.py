"""What Linux's control groups leave to this process, of memory and of processors; versions 1 and 2.

A container is one, and so is a job of many a CI system: there `/proc/meminfo` and the number of processors are those of the
machine. Limits of the groups above this one hold as well. Inside of a container the path of a group may be one of the machine
outside; what can be seen then is the container's own group, at the top.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

CGROUP = Path('/proc/self/cgroup')
CGROUPS = Path('/sys/fs/cgroup')


def memory_left(cgroup: Path = CGROUP, cgroups: Path = CGROUPS) -> int | None:
    """Bytes that this process's groups may still take; pages of files that nobody has used lately are given up for that. None
    if nothing limits them."""
    found = [_left(group, *names) for version, group in _groups('memory', cgroup, cgroups) for names in (_MEMORY[version],)]
    return min((left for left in found if left is not None), default=None)


def processors_allowed(cgroup: Path = CGROUP, cgroups: Path = CGROUPS) -> int | None:
    """How many processors' time this process's groups may take, at least one (`docker run --cpus`); None if nothing limits it."""
    found = [_quota(version, group) for version, group in _groups('cpu', cgroup, cgroups)]
    return min((quota for quota in found if quota is not None), default=None)


#: By version: the file of the limit, that of what is used, and what of `memory.stat` can be given up.
_MEMORY = {2: ('memory.max', 'memory.current', 'inactive_file'),
           1: ('memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file')}


def _groups(controller: str, cgroup: Path, cgroups: Path) -> Iterator[tuple[int, Path]]:
    """The version and the directory of each group that this process is in, from its own up to the top one."""
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
        said = dict(line.split() for line in _read(group / 'memory.stat').splitlines())
        return int(most) - int(_read(group / used)) + int(said.get(idle, 0))
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
