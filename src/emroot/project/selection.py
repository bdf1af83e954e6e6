"""The selection of a build: targets by mode, from features, names and links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..libraries.catalogue import Catalogue
from ..modes import Mode, names_mode, parse_features, parse_mode
from ..probe.port_settings import split
from .names import split_names

if TYPE_CHECKING:
    from .project_file import Project

#: The syntax of one of several values of a port's option.
_VALUE = r'[\w.+-]+'
Selected = dict[Mode, list[str]]


class Selection:
    """Targets by mode, in the order of requests, without duplicates."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._targets: dict[Mode, dict[str, None]] = {}
        self._unfetched: list[str | Sequence[str]] = []

    def add(self, *, features: Iterable[str] = (), targets: Iterable[str] = (),
            links: Iterable[str | Sequence[str]] = ()) -> None:
        """Add `targets` (names, patterns, groups, ports, `MODE/TARGET`) in the modes of `features`, an item per
        mode (default: wasm32), and everything that `links` need. With `features` alone: the libraries of usual C
        and C++ programs. Raises `UnknownNameError` for unknown names, `UsageError` for contradictions and links
        that emcc refuses."""
        given, names, lines = list(features), list(targets), list(links)
        modes = parse_modes(given)
        named: dict[Mode, list[str]] = {}
        for name in self._whole(names, modes):
            mode, target = _qualified(name)
            for each in [mode] if mode else modes:
                named.setdefault(each, []).append(target)
        for each, listed in named.items():
            self._add_targets(each, self._catalogue.expand(each, listed))
        if given and not names and not lines:
            lines = [link for mode in modes for link in default_link_lines(mode)]
        for link in lines:
            from ..libraries.resolution import resolve  # lazy import: many builds resolve no link
            found = resolve(self._catalogue, link)
            found.check_ports()
            self._add_targets(found.mode, [*found.targets, *found.ports])
            if found.unfetched:
                self._unfetched.append(link)

    def revealed(self, ports: Path) -> Selected:
        """Additional needs of links, now that the definitions of ports that come with their sources are in
        `ports` (`<cache directory>/ports`): other variants of these, and their dependencies."""
        if not self._unfetched:
            return {}
        from ..libraries.resolution import resolve
        found: dict[Mode, dict[str, None]] = {}
        for link in self._unfetched:
            known = resolve(self._catalogue, link, ports=ports)
            known.check_ports()
            selected = self._targets.get(known.mode, {})
            new = [name for name in (*known.targets, *known.ports) if name not in selected]
            found.setdefault(known.mode, {}).update(dict.fromkeys(new))
        self._unfetched.clear()
        for mode, targets in found.items():
            self._add_targets(mode, targets)
        return {mode: list(targets) for mode, targets in found.items() if targets}

    def add_project(self, project: Project) -> None:
        """Add the selection of an `emroot.toml`. Raises `UsageError` if it names code and is not trusted."""
        from .trust import check_section
        for section in project.cache:
            check_section(project, section)
            self.add(features=[','.join(section.features)] if section.features else (), targets=split_names(section.targets),
                     links=section.links)

    def selected(self) -> Selected:
        """The selection; empty if nothing was requested."""
        return {mode: list(targets) for mode, targets in self._targets.items()}

    def _whole(self, names: Iterable[str], modes: Sequence[Mode]) -> list[str]:
        """Names, with the comma-separated values of a port's option joined again (`sdl2_image:formats=jpg,png`): what the port
        accepts, and what is no target."""
        found: list[str] = []
        for name in names:
            first, _ = split(name)
            mode, before = _qualified(found[-1]) if found else (None, '')
            if (split(before)[1] and re.fullmatch(_VALUE, first) and not first.endswith('.py')
                    and self._catalogue.listing(mode or modes[0]).goes_on(before, first)):
                found[-1] += f',{name}'
            else:
                found.append(name)
        return found

    def _add_targets(self, mode: Mode, targets: Iterable[str]) -> None:
        self._targets.setdefault(mode, {}).update(dict.fromkeys(targets))


def parse_modes(features: Iterable[str]) -> list[Mode]:
    """The modes of several items of features, in order, without duplicates; wasm32 for none."""
    return list(dict.fromkeys(parse_features([given]) for given in list(features) or ['wasm32']))


def default_link_lines(mode: Mode) -> list[list[str]]:
    """The links that features alone stand for: C and C++ programs, with and without optimisation."""
    return [[driver, *mode.emcc_flags, level] for driver in ('emcc', 'em++') for level in ('-O0', '-O2')]


def _qualified(name: str) -> tuple[Mode | None, str]:
    """The mode and the target of `wasm64-lto/libc`; other names have no mode."""
    before, slash, after = name.partition('/')
    if slash and names_mode(before):
        return parse_mode(before), after
    return None, name
