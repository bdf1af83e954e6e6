"""Single members of the archives of a plan: compile them, or bound their symbols."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from pathlib import Path

from ..engine.build import Build
from ..engine.build_executor import BuildExecutor
from ..engine.workers import Workers
from ..keys.plan import Archive, Plan
from .symbols.ir_symbols import Bound, scan_symbols

#: Archives of a plan, each with the names of some of its members.
Members = Iterable[tuple[Archive, Collection[str]]]


def build_members(build: Build, plan: Plan, members: Members) -> dict[str, dict[str, Path]]:
    """Compile members. Returns the path of each by archive and member name."""
    parts = [dataclasses.replace(archive, members=tuple(m for m in archive.members if m[0] in names))
             for archive, names in members]
    if not parts:
        return {}
    compiles = {key: plan.compiles[key] for part in parts for _, key in part.members}
    return BuildExecutor(build.context).collect_objects(Plan(archives=tuple(parts), compiles=compiles))


def scan_members(build: Build, plan: Plan, members: Members) -> dict[str, dict[str, Bound]]:
    """Bounds on the symbols that members define, by archive and member name. Members without a bound are left out."""
    keys = {archive.name: {name: key for name, key in archive.members if name in names} for archive, names in members}
    distinct = dict.fromkeys(key for named in keys.values() for key in named.values())
    if not distinct:
        return {}
    with build.store:
        workers = Workers(build.context)
        found = scan_symbols([plan.compiles[key] for key in distinct], build.context.headers.context, workers.env, workers.pool)
    return {archive: {name: found[key] for name, key in named.items() if key in found} for archive, named in keys.items()}
