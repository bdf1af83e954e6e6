"""The data of the report: every archive of every mode with state, size and time, and the last build."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..cache_directory.directory import is_unchanged, recorded_files
from ..engine.history.build_record import read_build_record
from ..engine.reuse.key_cache import KeyCache
from ..host.files import stat_if_there
from ..host.home import Home
from ..libraries.catalogue import Catalogue
from ..modes import Mode, all_modes
from .model import PORTS, ArchiveReport, ReportData, TargetRow


class Report(ReportData):
    """A report. `to_json` is what `emroot report --json` prints, `to_html` the page that it writes."""

    def to_html(self) -> str:
        """The page: one self-contained file."""
        from .page import render  # lazy import: it imports this module
        return render(self)


def collect(catalogue: Catalogue, home: Home, cache: Path) -> Report:
    """Examine a cache directory. Reads no archive; queries the SDK for listings that are not cached."""
    found = _Cache(cache, read_build_record(home, cache), KeyCache(catalogue, 'source'))
    described: dict[str, tuple[str, str, int]] = {}
    archives: dict[str, dict[Mode, ArchiveReport]] = {}
    for mode in all_modes():
        listing = catalogue.listing(mode)
        for target, library in [*listing.libraries.items(), *listing.unlisted.items()]:
            described.setdefault(target, (library.family, library.variation, library.objects))
            archives.setdefault(target, {})[mode] = found.archive(mode, target, [library.path])
        for target, paths in found.ports(mode, {*listing.libraries, *listing.unlisted}):
            described.setdefault(target, (PORTS, '', 0))
            archives.setdefault(target, {})[mode] = found.archive(mode, target, paths)
    rows = tuple(TargetRow(target=target, library=family, vary=vary, objects=objects, archives=archives[target])
                 for target, (family, vary, objects) in described.items())
    sdk = catalogue.sdk
    return Report(version=sdk.version, digest=sdk.digest, root=str(sdk.root), cache=cache, made=time.time(), rows=rows,
                  last_build=found.last)


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
        there = sum(found.st_size for path in paths if (found := stat_if_there(self.root / path)))
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
        """Installed and failed targets that are not libraries of the SDK, and their paths."""
        known = {target: self._keys.get(mode, target) for target in self._keys.targets(mode)}
        for target in sorted({*known, *self._errors.get(mode.name, {})} - libraries):
            entry = known.get(target)
            paths = [path for path in entry.paths if path.startswith('sysroot/lib/')] if entry else []
            if any(path in self._records for path in paths) or target in self._errors.get(mode.name, {}):
                yield target, paths
