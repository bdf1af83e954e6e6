"""Cached keys of targets: a build whose targets are all present needs no plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import schemas
from ...host.checked_json import read_checked_json, write_checked_json
from ...libraries.catalogue import Catalogue
from ...modes import Mode

if TYPE_CHECKING:
    from ...keys.plan import Plan


class CachedKey(NamedTuple):
    """A target's key, its files relative to the cache directory, and the number of members of its archive."""

    key: str
    paths: tuple[str, ...]
    members: int


class KeyCache:
    """The cached keys of one SDK and builder. A key never changes once it is known, so no lock is needed."""

    def __init__(self, catalogue: Catalogue, builder: str) -> None:
        self._directory = catalogue.memo / 'keys'
        self._builder = builder
        self._modes: dict[Mode, dict[str, Any]] = {}
        self._changed: set[Mode] = set()

    def get(self, mode: Mode, target: str) -> CachedKey | None:
        """The cached entry of a target; None if there is none."""
        entry = self._load(mode).get(target)
        return CachedKey(entry[0], tuple(entry[1]), entry[2]) if entry else None

    def targets(self, mode: Mode) -> list[str]:
        """All targets of a mode with cached keys."""
        return sorted(self._load(mode))

    def add(self, plan: Plan) -> None:
        """Add a plan's archives."""
        for archive in plan.archives:
            self._set(archive.mode, archive.target, [archive.key, [archive.path], len(archive.members)])

    def add_files(self, mode: Mode, target: str, key: str, paths: Iterable[str]) -> None:
        """Add the files that embuilder made for a target."""
        self._set(mode, target, [key, sorted(paths), 0])

    def save(self) -> None:
        """Write new entries to the file."""
        for mode in self._changed:
            file = self._file(mode)
            merged = {**(read_checked_json(file) or {}), **self._modes[mode]}
            write_checked_json(file, merged)
        self._changed.clear()

    def _set(self, mode: Mode, target: str, entry: list[Any]) -> None:
        if self._load(mode).get(target) != entry:
            self._load(mode)[target] = entry
            self._changed.add(mode)

    def _load(self, mode: Mode) -> dict[str, Any]:
        if mode not in self._modes:
            self._modes[mode] = read_checked_json(self._file(mode)) or {}
        return self._modes[mode]

    def _file(self, mode: Mode) -> Any:
        return self._directory / f'{mode}-{self._builder}-{schemas.KEYS}.json'
