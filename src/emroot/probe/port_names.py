"""The ports that a run of the SDK used, with target names that build the requested files. Runs in the SDK's
Python.

A port whose file depends on settings has variants of embuilder (`libpng-mt`) or options
(`sdl2_image:formats=png`). If neither covers a setting, the name contains it as a further option
(`sdl2_mixer:PTHREADS=1`), which `run_embuilder.py` applies. The right name is found by requesting the file of
each candidate.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from port_settings import IMPLIED, USE_PORT, join, split, text_of, value_of, with_implied  # type: ignore[import-not-found]

Foreign = Any  # what comes from the SDK's modules carries no types
#: Settings that belong to a mode: embuilder's own flags apply them.
MODE = ('MEMORY64', 'LTO', 'MAIN_MODULE', 'SIDE_MODULE', 'RELOCATABLE')
#: Settings of a run, by name.
Settings = dict[str, Any]


class Everything:
    """Options of a port whose definition was not fetched: accepts any."""

    def __contains__(self, name: object) -> bool:
        return True


class Watched(dict[str, Any]):
    """The values of the SDK's settings; records in `read` which of them are read."""

    def __init__(self, values: Settings) -> None:
        super().__init__(values)
        self.read: dict[str, None] = {}

    def __getitem__(self, name: str) -> Any:
        self.read[name] = None
        return super().__getitem__(name)


class Asked:
    """One request of a run to a port: the files that it named, and the settings that it read."""

    def __init__(self, name: str, port: Foreign) -> None:
        self.name, self.port = name, port
        self.files: list[str] = []
        self.settings: Settings = {}


class PortNames:
    """Watches the SDK's ports. `asking_as(kind, name)` marks requests to the cache within it as those of a
    port."""

    def __init__(self, sdk: Foreign, asking_as: Callable[[str, str], AbstractContextManager[None]]) -> None:
        self.sdk, self.asking_as = sdk, asking_as
        #: Every request, in order. A compile and the link may request different files of a port.
        self.asked: list[Asked] = []
        self.watched: set[str] = set()
        #: Names as given to `--use-port`, or by a port that depends on one with options.
        self.given: dict[str, list[str]] = {}
        #: Ports whose definition is in an archive that is missing; their dependencies are unknown.
        self.unfetched: list[str] = []
        #: Files without a target name, each with its port.
        self.unnamed: list[list[str]] = []
        self.space = type(sdk.settings.settings)  # holds the settings' values in its `attrs`
        self.defaults: Settings = copy.deepcopy(self.space.attrs)
        self.noting: Asked | None = None

    def watch(self) -> None:
        """Replace fetching and installing; record the used ports in build order."""
        self.space.attrs = Watched(self.space.attrs)
        ports = self.sdk.ports
        for name in ('fetch_project', 'fetch_port_artifact'):
            if hasattr(ports.Ports, name):
                setattr(ports.Ports, name, staticmethod(lambda *args, **kw: True))
        ports.Ports.get_dir = staticmethod(lambda *parts: os.path.join(self.sdk.config.PORTS, *parts))
        ports.Ports.get_include_dir = staticmethod(self.sdk.cache.get_include_dir)
        self.order, self.handle_options = ports.dependency_order, ports.handle_port_options

        def dependency_order(port_list: Foreign) -> Foreign:
            found = self.order(port_list)
            for port in found:
                self._watch(port)
            return found

        def handle_port_options(name: str, text: str, *args: Foreign) -> Foreign:
            self.given.setdefault(name, []).append(f'{name}:{text}')
            return self.handle_options(name, text, *args)
        ports.dependency_order, ports.handle_port_options = dependency_order, handle_port_options
        use = ports.handle_use_port_arg

        def handle_use_port_arg(settings: Foreign, arg: str, *args: Foreign) -> Foreign:
            before = {name: len(texts) for name, texts in self.given.items()}
            name = use(settings, arg, *args)
            self.given.setdefault(name, [])[before.get(name, 0):] = [arg]  # instead of what its options added
            return name
        ports.handle_use_port_arg = handle_use_port_arg
        if hasattr(ports, 'load_external_port'):
            load = ports.load_external_port
            ports.load_external_port = lambda port: self._load(port, load)

    def _watch(self, port: Foreign) -> None:
        if port.name in self.watched:
            return
        get, name = port.get, port.name

        def watched(*args: Foreign) -> Foreign:
            asked = Asked(name, port)
            with self.asking_as('port', name), self._noting(asked):
                found = get(*args)
            self.asked.append(asked)
            return found
        port.get = watched
        self.watched.add(name)

    def _load(self, port: Foreign, load: Callable[[Any], None]) -> None:
        """Load a port whose definition comes with its sources, or continue without it."""
        if os.path.isfile(os.path.join(self.sdk.config.PORTS, port.name, port.PORT_FILE)):
            load(port)
            return
        self.unfetched.append(port.name)
        port.is_external, port.OPTIONS = False, Everything()
        port.get = lambda *args: []
        port.clear = port.handle_options = lambda *args: None
        self.sdk.ports.init_local_port(port.name, port)

    @contextlib.contextmanager
    def _noting(self, asked: Asked) -> Iterator[None]:
        """Attribute requests to the cache, and reads of settings, to this request."""
        before, self.noting = self.noting, asked
        self.space.attrs.read.clear()
        try:
            yield
        finally:
            self.noting = before
            values = self.space.attrs
            asked.settings = {name: copy.deepcopy(dict.get(values, name)) for name in values.read}

    def note(self, path: str) -> None:
        """Record a file that was requested from the cache."""
        if self.noting:
            self.noting.files.append(os.path.basename(path))

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Restore ports and settings at the end."""
        modules = [vars(port) for port in self.sdk.ports.ports]
        holders = [value for space in modules for name, value in space.items()
                   if isinstance(value, (dict, list, set)) and not name.startswith('__')]
        kept, values = [copy.deepcopy(holder) for holder in holders], copy.deepcopy(dict(self.space.attrs))
        try:
            yield
        finally:
            self.space.attrs = Watched(values)
            for holder, content in zip(holders, kept):  # noqa: B905 (the SDK's Python may be 3.8)
                holder.clear()
                (holder.extend if isinstance(holder, list) else holder.update)(content)

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
        """The possible names of a port without settings: as given; if given several times, with all the
        options in one."""
        texts = list(dict.fromkeys(self.given.get(name, []))) or [name]
        if len(texts) == 1:
            return texts
        options: dict[str, list[str]] = {}
        for text in texts:
            for option, value in split(text)[1]:
                options.setdefault(option, []).append(value)
        return [join(split(texts[0])[0], {option: ','.join(values) for option, values in options.items()}), texts[-1]]

    def _needed(self, asked: Asked, text: str) -> Settings | None:
        """A minimal set of settings with which a port names the same files; None if the settings that it
        read do not suffice."""
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
        """The files that the port requests under this name with these settings. Ports keep state in their
        module, so a new one is loaded."""
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
            with self.asking_as('name', port.name), self._noting(asked):
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
