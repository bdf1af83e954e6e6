"""Single members of archives: made, or sketched."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from pathlib import Path

from ..engine.alias import mappable
from ..engine.build import Build
from ..engine.commands import Places
from ..engine.compilers import Compilers
from ..engine.fill import Fill
from ..headers import installed_headers
from ..plan import Archive, Plan
from .sketch import Sketch, sketch


class Members:
    """Makes single members of the archives of a plan."""

    def __init__(self, build: Build, plan: Plan) -> None:
        self._build, self._plan = build, plan

    def __call__(self, wanted: Iterable[tuple[Archive, Collection[str]]]) -> dict[str, dict[str, Path]]:
        """Make them; by the names of archives and of their members, where each lies."""
        parts = [dataclasses.replace(archive, members=tuple(m for m in archive.members if m[0] in names))
                 for archive, names in wanted]
        if not parts:
            return {}
        keys = {key for part in parts for _, key in part.members}
        return Fill(self._build).gather(Plan(archives=tuple(parts), compiles={key: self._plan.compiles[key] for key in keys}))


class Sketches:
    """Sketches single members of the archives of a plan."""

    def __init__(self, build: Build, plan: Plan) -> None:
        self._build, self._plan = build, plan

    def __call__(self, wanted: Iterable[tuple[Archive, Collection[str]]]) -> dict[str, dict[str, Sketch]]:
        """Sketch them; by the names of archives and of their members."""
        keys = {archive.name: {name: key for name, key in archive.members if name in names} for archive, names in wanted}
        distinct = dict.fromkeys(key for members in keys.values() for key in members.values())
        if not distinct:
            return {}
        build = self._build
        with build.store:
            compilers = Compilers(build)
            found = sketch([self._plan.compiles[key] for key in distinct], mapped_places(build), compilers.env, compilers.pool)
        return {archive: {name: found[key] for name, key in members.items() if key in found} for archive, members in keys.items()}


def mapped_places(build: Build) -> Places:
    """Where the front end finds the SDK and its headers."""
    return Places(build.catalogue.sdk, mappable(installed_headers(build.catalogue, build.store)))
