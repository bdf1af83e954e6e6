"""What there is to report: every archive of every mode, its state, size and cost, and the last build."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cache_directory.directory import is_unchanged, recorded_files
from ..engine.history.build_record import read_build_record
from ..engine.reuse.key_cache import KeyCache
from ..host.home import Home
from ..libraries.catalogue import Catalogue, Library
from ..modes import Mode, all_modes

#: What an archive can be. `changed`: somebody else wrote to what emroot had placed; `foreign`: there, but made by
#: emcc or embuilder. Both are made anew by the next build that wants them.
STATES = ('present', 'absent', 'failed', 'changed', 'foreign')
#: The library that stands for all ports.
PORTS = 'ports'


@dataclass(frozen=True, kw_only=True)
class ArchiveReport:
    """One target in one mode."""

    mode: Mode
    target: str
    state: str
    """One of `STATES`."""
    size: int = 0
    """Bytes, if it is there."""
    seconds: float | None = None
    """What the jobs for it took when it was last built here; None if it never was, or was taken from the store."""
    compiles: int | None = None
    """How many of its objects were compiled for it then; the others were shared."""
    error: str = ''


@dataclass(frozen=True, kw_only=True)
class Row:
    """A target in all modes that have it."""

    target: str
    library: str
    """The library that it is a variant of: `libc`."""
    vary: str
    objects: int
    archives: Mapping[Mode, ArchiveReport]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a cache directory holds in every mode, and the last build into it. `to_json` is what `emroot report --json` prints,
    `to_html` the page that it writes."""

    version: str
    digest: str
    root: str
    cache: Path
    made: float
    rows: tuple[Row, ...]
    last_build: Mapping[str, Any] | None

    def archives(self, mode: Mode | None = None) -> Iterator[ArchiveReport]:
        """All of a mode, or of all modes."""
        for row in self.rows:
            yield from (archive for archive in row.archives.values() if mode in (None, archive.mode))

    def to_html(self) -> str:
        """As the page: one self-contained file."""
        from .page import render  # here and not above: it is made of this
        return render(self)

    def to_json(self) -> dict[str, Any]:
        """As data: the modes, every archive, and the last build (see `docs/reference/report.md`)."""
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


def _archive(row: Row, archive: ArchiveReport) -> dict[str, Any]:
    said = {'mode': archive.mode.name, 'target': archive.target, 'library': row.library, 'objects': row.objects,
            'state': archive.state, 'bytes': archive.size, 'seconds': archive.seconds, 'compiled': archive.compiles}
    return {**said, **({'error': archive.error} if archive.error else {})}


def collect(catalogue: Catalogue, home: Home, cache: Path) -> Report:
    """Look at a cache directory. Reads no archive; asks the SDK for the listing of modes that were never asked for."""
    found = _Cache(cache, read_build_record(home, cache), KeyCache(catalogue, 'source'))
    rows: dict[str, Row] = {}
    described: dict[str, tuple[str, str, int]] = {}
    archives: dict[str, dict[Mode, ArchiveReport]] = {}
    for mode in all_modes():
        listing = catalogue.listing(mode)
        for target, library in [*listing.libraries.items(), *listing.unlisted.items()]:
            described.setdefault(target, (library.family, _vary(library), library.objects))
            archives.setdefault(target, {})[mode] = found.archive(mode, target, [library.path])
        for target, paths in found.ports(mode, {*listing.libraries, *listing.unlisted}):
            described.setdefault(target, (PORTS, '', 0))
            archives.setdefault(target, {})[mode] = found.archive(mode, target, paths)
    for target, (family, vary, objects) in described.items():
        rows[target] = Row(target=target, library=family, vary=vary, objects=objects, archives=archives[target])
    sdk = catalogue.sdk
    return Report(version=sdk.version, digest=sdk.digest, root=str(sdk.root), cache=cache, made=time.time(),
                  rows=tuple(rows.values()), last_build=found.last)


def _vary(library: Library) -> str:
    return ' '.join(f'{key.removeprefix("is_")}={value}' for key, value in library.vary.items()
                    if value not in ('False', 'None'))


class _Cache:
    """What a cache directory holds, and what is known of how it came there."""

    def __init__(self, root: Path, last: Mapping[str, Any] | None, keys: KeyCache) -> None:
        self.root, self.last, self._keys = root, last, keys
        self._records = dict(recorded_files(root))
        self._costs: Mapping[str, Mapping[str, Any]] = last['targets'] if last else {}
        self._errors: Mapping[str, Mapping[str, str]] = last['failed'] if last else {}

    def archive(self, mode: Mode, target: str, paths: Sequence[str]) -> ArchiveReport:
        """A target whose libraries lie at `paths`."""
        error = self._errors.get(mode.name, {}).get(target, '')
        there = sum(_size(self.root / path) for path in paths)
        recorded = [path for path in paths if path in self._records]
        if recorded and there:
            whole = all(is_unchanged(self.root / path, self._records[path]) for path in recorded)
            state = 'present' if whole else 'changed'
        else:
            state = 'foreign' if there else 'failed' if error else 'absent'
        seconds, compiles, _ = self._costs.get(mode.name, {}).get(target, (None, None, None))
        known = state == 'present'
        return ArchiveReport(mode=mode, target=target, state=state, size=there, seconds=seconds if known else None,
                             compiles=compiles if known else None, error=error if state == 'failed' else '')

    def ports(self, mode: Mode, libraries: set[str]) -> Iterator[tuple[str, list[str]]]:
        """What is here, or failed, and is no library of the SDK; and where its own libraries lie."""
        known = {target: self._keys.get(mode, target) for target in self._keys.targets(mode)}
        for target in sorted({*known, *self._errors.get(mode.name, {})} - libraries):
            entry = known.get(target)
            paths = [path for path in entry.paths if path.startswith('sysroot/lib/')] if entry else []
            if any(path in self._records for path in paths) or target in self._errors.get(mode.name, {}):
                yield target, paths


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
