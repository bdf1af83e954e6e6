"""The data of a report: every archive of every mode, its state, size and cost, and the last build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..modes import Mode, all_modes

#: States of an archive. `changed`: installed by emroot, then changed by another program; `foreign`: made by emcc or
#: embuilder. The next build that needs one of these builds it again.
STATES = ('present', 'absent', 'failed', 'changed', 'foreign')
#: The library name of all ports.
PORTS = 'ports'


@dataclass(frozen=True, kw_only=True)
class ArchiveReport:
    """One target in one mode."""

    mode: Mode
    target: str
    state: str
    """One of `STATES`."""
    size: int = 0
    """Bytes; 0 if absent."""
    seconds: float | None = None
    """The wall seconds of its jobs in its last build here; None if there was none."""
    compiles: int | None = None
    """The number of its objects that were compiled then; the others were reused."""
    error: str = ''


@dataclass(frozen=True, kw_only=True)
class TargetRow:
    """A target in all modes that have it."""

    target: str
    library: str
    """The library of which it is a variant: `libc`."""
    vary: str
    objects: int
    archives: Mapping[Mode, ArchiveReport]


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """What a cache directory holds in every mode, and the last build into it."""

    version: str
    digest: str
    root: str
    cache: Path
    made: float
    rows: tuple[TargetRow, ...]
    last_build: Mapping[str, Any] | None

    def archives(self, mode: Mode | None = None) -> Iterator[ArchiveReport]:
        """The archives of one mode, or of all."""
        for row in self.rows:
            yield from (archive for archive in row.archives.values() if mode in (None, archive.mode))

    def to_json(self) -> dict[str, Any]:
        """The document: modes, archives, and the last build (see `docs/reference/report.md`)."""
        modes = []
        for mode in all_modes():
            mine = list(self.archives(mode))
            modes.append({'mode': mode.name, **mode.to_json(), 'targets': len(mine), 'bytes': sum(a.size for a in mine),
                          **{state: sum(a.state == state for a in mine) for state in STATES}})
        known = self.last_build or {}
        last = {key: known[key] for key in ('began', 'seconds', 'cpu_seconds', 'workers', 'busy', 'objects', 'modes', 'work',
                                            'longest', 'timeline')} if known else None
        return {'sdk': {'root': self.root, 'version': self.version, 'digest': self.digest}, 'cache': str(self.cache),
                'modes': modes, 'archives': [_archive(row, archive) for row in self.rows for archive in row.archives.values()],
                'last_build': last}


def _archive(row: TargetRow, archive: ArchiveReport) -> dict[str, Any]:
    return {'mode': archive.mode.name, 'target': archive.target, 'library': row.library, 'objects': row.objects,
            'state': archive.state, 'bytes': archive.size, 'seconds': archive.seconds, 'compiled': archive.compiles,
            **({'error': archive.error} if archive.error else {})}
