"""The ports that a run of the SDK used, with target names that build the requested files. Runs in the SDK's Python.

A port whose file depends on settings has variants of embuilder (`libpng-mt`) or options (`sdl2_image:formats=png`).
If neither covers a setting, the name contains it as a further option (`sdl2_mixer:PTHREADS=1`), which
`run_embuilder.py` applies. The right name is found by requesting the file of each candidate.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from port_requests import Asked, PortRequests, Settings, Watched  # type: ignore[import-not-found]
from port_settings import IMPLIED, USE_PORT, join, split, text_of, value_of, with_implied  # type: ignore[import-not-found]

Foreign = Any  # what comes from the SDK's modules carries no types
#: Settings that belong to a mode: embuilder's own flags apply them.
MODE = ('MEMORY64', 'LTO', 'MAIN_MODULE', 'SIDE_MODULE', 'RELOCATABLE')


class PortNames(PortRequests):  # type: ignore[misc]  # of no type, as it is imported
    """Gives the ports of a run their names."""

    def __init__(self, sdk: Foreign, asking_as: Callable[[str, str], AbstractContextManager[None]]) -> None:
        super().__init__(sdk, asking_as)
        #: Files that no name was found for, each with its port.
        self.unnamed: list[list[str]] = []

    def targets(self) -> list[str]:
        """For each used port, the name that builds the requested files, dependencies first."""
        return list(dict.fromkeys(self._with_others(asked.port, self._target(asked)) for asked in self.asked))

    def _with_others(self, port: Foreign, target: str) -> str:
        """A target, with the files of those dependencies that embuilder does not know."""
        ports, files = self.sdk.ports.ports_by_name, []
        pending, seen = list(port.deps), {port.name}
        while pending:
            name = split(pending.pop())[0]
            if name not in seen and name in ports:
                seen.add(name)
                pending += ports[name].deps
                given = {split(text)[0] for text in self.given.get(name, [])}
                files += [os.path.abspath(file) for file in given if file.endswith('.py')]
        return str(join(target, {USE_PORT: os.pathsep.join(sorted(files))})) if files else target

    def _target(self, asked: Asked) -> str:
        name, given = asked.name, self._as_given(asked.name)
        if name in self.unfetched:
            return given[0]
        variants = [(each, changed) for each, (of, changed) in self.sdk.ports.port_variants.items() if of == name]
        for each in given:
            if self._files(asked.port, each, {}) == asked.files:
                return each
            if each == name:
                for variant, changed in variants:
                    if self._files(asked.port, name, changed) == asked.files:
                        return str(variant)
        for each in given:
            needed = self._needed(asked, each)
            if needed is not None:
                return str(join(each, needed))
        self.unnamed += [[name, file] for file in asked.files]
        return given[0]

    def _as_given(self, name: str) -> list[str]:
        """The possible names of a port without settings: as given; if given several times, in one."""
        texts = list(dict.fromkeys(self.given.get(name, []))) or [name]
        if len(texts) == 1:
            return texts
        options: dict[str, list[str]] = {}
        for text in texts:
            for option, value in split(text)[1]:
                options.setdefault(option, []).append(value)
        return [join(split(texts[0])[0], {option: ','.join(values) for option, values in options.items()}), texts[-1]]

    def _needed(self, asked: Asked, text: str) -> Settings | None:
        """A minimal set of settings with which a port names the same files; None if what it read does not suffice."""
        values, base = {}, self._base()
        for name, value in asked.settings.items():
            name, value = next(((cause, self.space.attrs[cause]) for cause, effect in IMPLIED
                                if effect == name and self.space.attrs.get(cause)), (name, value))
            if name not in MODE[:2] and value != base.get(name) and value == value_of(text_of(value), self.defaults.get(name)):
                values[name] = value
                if isinstance(value, list):  # a name's commas may come to stand between names: see `project/selection.py`
                    value.sort(key=lambda each: each not in self.sdk.ports.ports_by_name)
        if self._files(asked.port, text, values) != asked.files:
            return None
        for name in sorted(values):
            fewer = {each: value for each, value in values.items() if each != name}
            if self._files(asked.port, text, fewer) == asked.files:
                values = fewer
        return values

    def _base(self) -> Settings:
        """embuilder's settings for ports in this run's mode."""
        now: Settings = self.space.attrs
        base = {**self.defaults, **{name: now[name] for name in MODE[:2] if name in now}}
        if any(now.get(name) for name in MODE[2:]):
            base['RELOCATABLE' if self.defaults.get('RELOCATABLE') is False else 'MAIN_MODULE'] = 1
        return base

    def _files(self, port: Foreign, text: str, changed: Settings) -> list[str]:
        """The files that a new copy of the port's module requests under this name with these settings."""
        spec = importlib.util.spec_from_file_location('emroot_port', port.__file__)
        if not spec or not spec.loader:
            return []
        module: Foreign = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        asked, known, now = Asked(port.name, module), self.sdk.ports.ports_by_name, self.space.attrs
        self.space.attrs = Watched(with_implied({**self._base(), **changed}))
        try:
            if options := dict(split(text)[1]):
                module.name, module.is_external = port.name, False
                known[port.name] = module
                self.handle_options(port.name, join('', options)[1:], _refuse)
            with self.asking_as('name', port.name), self.noting_for(asked):
                module.get(self.sdk.ports.Ports, self.sdk.settings.settings, self.sdk.shared)
        except _Refused:
            return []
        finally:
            known[port.name], self.space.attrs = port, now
        return list(dict.fromkeys(asked.files))


class _Refused(Exception):
    """A port does not accept an option."""


def _refuse(message: str) -> None:
    raise _Refused(message)
