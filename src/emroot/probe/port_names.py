"""Which ports a run of the SDK used, under the names that embuilder gives them. Runs in the SDK's Python.

A port that depends on settings has variants (`libpng-mt`) or options (`sdl2_image:formats=png`), and only the right one
leaves behind the file that the link asks for. Which one that is, is found by asking each for its file.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

Foreign = Any  # what comes from the SDK's modules carries no types


class Everything:
    """Options of a port whose definition has not been fetched: any will do."""

    def __contains__(self, name: object) -> bool:
        return True


class View:
    """The SDK's settings at their defaults, but for some."""

    def __init__(self, defaults: dict[str, Any], changed: dict[str, Any]) -> None:
        self.__dict__.update(defaults)
        self.__dict__.update(changed)


class PortNames:
    """Watches the SDK's ports. `asking_as(kind, name)` marks what is asked of the cache within as a port's."""

    def __init__(self, sdk: Foreign, asking_as: Callable[[str, str], AbstractContextManager[None]]) -> None:
        self.sdk, self.asking_as = sdk, asking_as
        self.used: dict[str, Foreign] = {}
        #: As given to `--use-port`, or by a port that depends on one with options.
        self.given: dict[str, str] = {}
        #: Ports whose definition lies in an archive that is not there; what they need cannot be known.
        self.unfetched: list[str] = []
        self.defaults = dict(sdk.settings.settings.attrs)

    def watch(self) -> None:
        """Replace what fetches and installs; note which ports are used, in the order in which they would be built."""
        ports = self.sdk.ports
        for name in ('fetch_project', 'fetch_port_artifact'):
            if hasattr(ports.Ports, name):
                setattr(ports.Ports, name, staticmethod(lambda *args, **kw: True))
        ports.Ports.get_dir = staticmethod(lambda *parts: os.path.join(self.sdk.config.PORTS, *parts))
        ports.Ports.get_include_dir = staticmethod(self.sdk.cache.get_include_dir)
        order, options = ports.dependency_order, ports.handle_port_options

        def dependency_order(port_list: Foreign) -> Foreign:
            found = order(port_list)
            for port in found:
                self._watch(port)
            return found

        def handle_port_options(name: str, text: str, *args: Foreign) -> Foreign:
            self.given.setdefault(name, f'{name}:{text}')
            return options(name, text, *args)
        ports.dependency_order, ports.handle_port_options = dependency_order, handle_port_options
        use = ports.handle_use_port_arg

        def handle_use_port_arg(settings: Foreign, arg: str, *args: Foreign) -> Foreign:
            name = use(settings, arg, *args)
            self.given[name] = arg
            return name
        ports.handle_use_port_arg = handle_use_port_arg
        if hasattr(ports, 'load_external_port'):
            load = ports.load_external_port
            ports.load_external_port = lambda port: self._load(port, load)

    def _watch(self, port: Foreign) -> None:
        if port.name not in self.used:
            get, name = port.get, port.name

            def watched(*args: Foreign) -> Foreign:
                with self.asking_as('port', name):
                    return get(*args)
            port.get = watched
            self.used[name] = port

    def _load(self, port: Foreign, load: Callable[[Any], None]) -> None:
        """Load a port whose definition comes with its sources, or make do without."""
        if os.path.isfile(os.path.join(self.sdk.config.PORTS, port.name, port.PORT_FILE)):
            load(port)
            return
        self.unfetched.append(port.name)
        port.is_external, port.OPTIONS = False, Everything()
        port.get = lambda *args: []
        port.clear = port.handle_options = lambda *args: None
        self.sdk.ports.init_local_port(port.name, port)

    def targets(self, files: dict[str, list[str]]) -> list[str]:
        """Embuilder's name of each port used, dependencies first. `files` is what each asked the cache for."""
        return [self._target(name, port, [os.path.basename(path) for path in files.get(name, [])])
                for name, port in self.used.items()]

    def _target(self, name: str, port: Foreign, files: list[str]) -> str:
        given = self.given.get(name, name)
        if given != name or name in self.unfetched:
            return given
        for variant, (of, changed) in [(name, (name, {})), *self.sdk.ports.port_variants.items()]:
            if of == name and self._files(port, changed) == files:
                return str(variant)
        return name

    def _files(self, port: Foreign, changed: dict[str, Any]) -> list[str]:
        """What the port asks for with these settings. Ports keep state in their module, so this loads a new one."""
        spec = importlib.util.spec_from_file_location('emroot_port', port.__file__)
        if not spec or not spec.loader:
            return []
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with self.asking_as('name', port.name):
            asked = module.get(self.sdk.ports.Ports, View(self.defaults, changed), self.sdk.shared)
        return list(dict.fromkeys(os.path.basename(path) for path in asked))
