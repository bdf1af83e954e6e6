"""Runs inside every emcc below `emroot run`, and has emroot build what a link misses: all of it at once.

emcc's configuration file is Python, read by each emcc however it was started (by its absolute path from CMake, by a wrapper,
from a nested build). The configuration that `emroot run` names in EM_CONFIG loads this file, which waits for emcc's own
modules to be imported and changes two things: before emcc asks its cache for libraries one by one, those that are not there
are asked of emroot together; and the same for ports. A link that misses nothing pays for looking at a dozen files.

It runs in the SDK's Python (3.8 or later) and imports nothing of emroot.
"""

import importlib.machinery
import os
import shlex
import subprocess
import sys


class Hook:
    """Watches for emcc's modules, and changes them as they arrive."""

    def __init__(self, command):
        self.command = command
        self.changes = {'tools.system_libs': self.change_libraries, 'tools.ports': self.change_ports,
                        'tools.cache': self.change_cache}
        self.asked_for_link = False

    def find_spec(self, name, path=None, target=None):
        """Part of `sys.meta_path`: wraps the loading of the modules to change."""
        if name not in self.changes:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            run, change = spec.loader.exec_module, self.changes[name]

            def exec_module(module):
                run(module)
                change(module)
                self.change_early_ones()
            spec.loader.exec_module = exec_module
        return spec

    def change_early_ones(self):
        """Change the modules that were already being imported when the configuration was read (`tools.cache` is)."""
        for name in list(self.changes):
            module = sys.modules.get(name)
            if module is not None and not hasattr(module, '_emroot') and hasattr(module, 'get_lib'):
                self.changes[name](module)

    def change_libraries(self, system_libs):
        """Have `get_libs_to_link` first gather what it would ask for, and build what is missing.

        Libraries that the link names itself (`-lembind`) are asked for before that, one by one: the first that is missing
        has everything built.
        """
        original, build = system_libs.get_libs_to_link, system_libs.Library.build

        def build_library(library, *args, **kwargs):
            path = str(library.get_path(absolute=True))
            if not os.path.exists(path):
                self.build_for_link()
                if not os.path.exists(path):
                    self.build(['--targets', self.name(system_libs, library)])
            return build(library, *args, **kwargs)
        system_libs.Library.build = build_library

        def get_libs_to_link(*args, **kwargs):
            missing = self.missing(system_libs, lambda: original(*args, **kwargs))
            if missing:
                self.build(['--targets', ','.join(missing)])
            return original(*args, **kwargs)
        system_libs.get_libs_to_link = get_libs_to_link

    def missing(self, system_libs, gather):
        """`MODE/TARGET` of each library that `gather` asks for and the cache does not have."""
        library = system_libs.Library
        asked, build = {}, library.build

        def record(self, *args, **kwargs):
            path = self.get_path(absolute=True)
            asked[path] = self
            return path
        library.build = record
        try:
            gather()
        finally:
            library.build = build
        return [self.name(system_libs, lib) for path, lib in asked.items() if not os.path.exists(path)]

    @staticmethod
    def name(system_libs, library):
        """`MODE/TARGET` of a library in the mode of this link."""
        directory = str(system_libs.cache.get_lib_dir(absolute=False)).replace('\\', '/').split('/')
        return '-'.join([directory[2].split('-')[0], *directory[3:]]) + '/' + library.get_base_name()

    def change_ports(self, ports):
        """Have ports that were never installed here built before emcc fetches the first of them."""
        original = ports.dependency_order

        def dependency_order(port_list):
            needed = original(port_list)
            if any(not self.installed(ports, port) for port in needed):
                self.build_for_link()
            return needed
        ports.dependency_order = dependency_order

    def change_cache(self, cache):
        """Have ports that are here for another mode only built for this one: their sources are not in this cache."""
        original, cache._emroot = cache.get, True

        def get(shortname, creator, *args, **kwargs):
            if 'port' in (kwargs.get('what'), *args) and not os.path.exists(str(cache.get_path(shortname))):
                self.build_for_link()
            return original(shortname, creator, *args, **kwargs)
        cache.get = get

    @staticmethod
    def installed(ports, port):
        """Whether a port left its mark in this cache directory."""
        return os.path.exists(os.path.join(str(ports.Ports.get_dir()), port.name, '.emscripten_url'))

    def build_for_link(self):
        """Have everything built that this very command line needs, ports by their right variants included; once."""
        if not self.asked_for_link:
            self.asked_for_link = True
            driver = 'em++' if '++' in os.path.basename(sys.argv[0]) else 'emcc'
            more = shlex.split(os.environ.get('EMCC_CFLAGS', ''))
            self.build(['--for', shlex.join([driver, *sys.argv[1:], *more])])

    def build(self, selection):
        """Have emroot build. If it cannot, emcc goes on by itself, and says what it misses in its own words."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(('EM_', 'EMCC_'))}
        environment.update(self.command['env'])
        subprocess.run([*self.command['argv'], *selection], env=environment, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=False)


def install(command):
    """Called by the configuration: `command` holds emroot's `argv` up to the selection, and `env` for it."""
    sys.meta_path.insert(0, Hook(command))
