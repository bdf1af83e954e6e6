"""Single members of archives: compile them, or bound their symbols."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from pathlib import Path

from ..cache_directory.sysroot_headers import ensure_headers
from ..engine.build import Build
from ..engine.build_executor import BuildExecutor
from ..engine.command_lines.compile_context import CompileContext
from ..engine.command_lines.path_alias import mappable
from ..engine.workers import Workers
from ..keys.plan import Archive, Plan
from .symbols.ir_symbols import SymbolBounds, scan_symbols


class MemberBuilder:
    """Compiles single members of the archives of a plan."""

    def __init__(self, build: Build, plan: Plan) -> None:
        self._build, self._plan = build, plan

    def __call__(self, wanted: Iterable[tuple[Archive, Collection[str]]]) -> dict[str, dict[str, Path]]:
        """Compile the wanted members. Returns the path of each by archive and member name."""
        parts = [dataclasses.replace(archive, members=tuple(m for m in archive.members if m[0] in names))
                 for archive, names in wanted]
        if not parts:
            return {}
        keys = {key for part in parts for _, key in part.members}
        return BuildExecutor(self._build.context).collect_objects(Plan(archives=tuple(parts),
                                                               compiles={key: self._plan.compiles[key] for key in keys}))


class SymbolScanner:
    """Bounds the symbols of single members of the archives of a plan."""

    def __init__(self, build: Build, plan: Plan) -> None:
        self._build, self._plan = build, plan

    def __call__(self, wanted: Iterable[tuple[Archive, Collection[str]]]) -> dict[str, dict[str, SymbolBounds]]:
        """Scan the wanted members. Returns their bounds by archive and member name."""
        keys = {archive.name: {name: key for name, key in archive.members if name in names} for archive, names in wanted}
        distinct = dict.fromkeys(key for members in keys.values() for key in members.values())
        if not distinct:
            return {}
        build = self._build
        with build.store:
            compilers = Workers(build.context)
            found = scan_symbols([self._plan.compiles[key] for key in distinct], mapped_context(build), compilers.env,
                                 compilers.pool)
        return {archive: {name: found[key] for name, key in members.items() if key in found} for archive, members in keys.items()}


def mapped_context(build: Build) -> CompileContext:
    """The SDK and headers for the front end."""
    return CompileContext(build.catalogue.sdk, mappable(ensure_headers(build.catalogue, build.store)))
