"""The data of the report: every archive of every mode with state, size and time, and the last build."""

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

#: States of an archive. `changed`: installed by emroot, then changed by another program; `foreign`: made by
#: emcc or embuilder. The next build that needs one of these builds it again.
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
    """The wall seconds of its jobs in its last build here; None if it was never built here, or came from the
    store."""
    compiles: int | None = None
    """The number of its objects that were compiled then; the others were reused."""
    error: str = ''


@dataclass(frozen=True, kw_only=True)
class Row:
    """A target in all modes that have it."""

    target: str
    library: str
    """The library of which it is a variant: `libc`."""
    vary: str
    objects: int
    archives: Mapping[Mode, ArchiveReport]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The state of a cache directory in all modes, and its last build. `to_json` is the document of
    `emroot report --json`, `to_html` its page."""

    version: str
    digest: str
    root: str
    cache: Path
    made: float
    rows: tuple[Row, ...]
    last_build: Mapping[str, Any] | None

    def archives(self, mode: Mode | None = None) -> Iterator[ArchiveReport]:
        """The archives of one mode, or of all."""
        for row in self.rows:
            yield from (archive for archive in row.archives.values() if mode in (None, archive.mode))

    def to_html(self) -> str:
        """The page: one self-contained file."""
        from .page import render  # lazy import: it imports this module
        return render(self)

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


def _archive(row: Row, archive: ArchiveReport) -> dict[str, Any]:
    said = {'mode': archive.mode.name, 'target': archive.target, 'library': row.library, 'objects': row.objects,
            'state': archive.state, 'bytes': archive.size, 'seconds': archive.seconds, 'compiled': archive.compiles}
    return {**said, **({'error': archive.error} if archive.error else {})}


def collect(catalogue: Catalogue, home: Home, cache: Path) -> Report:
    """Examine a cache directory. Reads no archive; queries the SDK for listings that are not cached."""
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
    """The files of a cache directory, and their records."""

    def __init__(self, root: Path, last: Mapping[str, Any] | None, keys: KeyCache) -> None:
        self.root, self.last, self._keys = root, last, keys
        self._records = dict(recorded_files(root))
        self._costs: Mapping[str, Mapping[str, Any]] = last['targets'] if last else {}
        self._errors: Mapping[str, Mapping[str, str]] = last['failed'] if last else {}

    def archive(self, mode: Mode, target: str, paths: Sequence[str]) -> ArchiveReport:
        """A target whose files are at `paths`."""
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
        """Installed and failed targets that are not libraries of the SDK, and the paths of their
        libraries."""
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
