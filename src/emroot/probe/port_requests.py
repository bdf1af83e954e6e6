"""The requests of a run to its ports: their files and the settings that they read."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from seam_access import install, original  # type: ignore[import-not-found]  # as a program's neighbour, not as part of emroot

Foreign = Any  # what comes from the SDK's modules carries no types
#: Some of the settings of a run, by name.
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


class PortRequests:
    """Watches the SDK's ports. `asking_as(kind, name)` marks requests to the cache as a port's."""

    def __init__(self, sdk: Foreign, asking_as: Callable[[str, str], AbstractContextManager[None]]) -> None:
        self.sdk, self.asking_as = sdk, asking_as
        #: Every request, in order. A compile and the link may request different files of a port.
        self.asked: list[Asked] = []
        self.watched: set[str] = set()
        #: Names as given to `--use-port`, or by a port that depends on one with options.
        self.given: dict[str, list[str]] = {}
        #: Ports whose definition is in an archive that is missing; their dependencies are unknown.
        self.unfetched: list[str] = []
        self.space = type(sdk.settings.settings)  # holds the settings' values in its `attrs`
        self.defaults: Settings = copy.deepcopy(self.space.attrs)
        self.noting: Asked | None = None

    def watch(self) -> None:
        """Replace fetching and installing; record the used ports in build order."""
        self.space.attrs = Watched(self.space.attrs)
        for name in ('fetch_project', 'fetch_port_artifact'):
            install('tools.ports.Ports.' + name, staticmethod(lambda *args, **kw: True))
        install('tools.ports.Ports.get_dir', staticmethod(lambda *parts: os.path.join(self.sdk.config.PORTS, *parts)))
        install('tools.ports.Ports.get_include_dir', staticmethod(self.sdk.cache.get_include_dir))
        self.order, self.handle_options = original('tools.ports.dependency_order'), original('tools.ports.handle_port_options')

        def dependency_order(port_list: Foreign) -> Foreign:
            found = self.order(port_list)
            for port in found:
                self._watch(port)
            return found

        def handle_port_options(name: str, text: str, *args: Foreign) -> Foreign:
            self.given.setdefault(name, []).append(f'{name}:{text}')
            return self.handle_options(name, text, *args)
        install('tools.ports.dependency_order', dependency_order)
        install('tools.ports.handle_port_options', handle_port_options)
        use = original('tools.ports.handle_use_port_arg')

        def handle_use_port_arg(settings: Foreign, arg: str, *args: Foreign) -> Foreign:
            before = {name: len(texts) for name, texts in self.given.items()}
            name = use(settings, arg, *args)
            self.given.setdefault(name, [])[before.get(name, 0):] = [arg]  # instead of what its options added
            return name
        install('tools.ports.handle_use_port_arg', handle_use_port_arg)
        if load := original('tools.ports.load_external_port'):
            install('tools.ports.load_external_port', lambda port: self._load(port, load))

    def _watch(self, port: Foreign) -> None:
        if port.name in self.watched:
            return
        get, name = port.get, port.name

        def watched(*args: Foreign) -> Foreign:
            asked = Asked(name, port)
            with self.asking_as('port', name), self.noting_for(asked):
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
        if init := original('tools.ports.init_local_port'):
            init(port.name, port)

    @contextlib.contextmanager
    def noting_for(self, asked: Asked) -> Iterator[None]:
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
