"""Builds the missing ports of a link before emcc fetches the first of them (see `hook.py`)."""

import contextlib
import json
import os
import sys


class Missing(BaseException):
    """emcc has to build a port whose sources are not here. Not an `Exception`, so that ports do not catch it."""


class Ports:
    """The ports that an emcc requests. `tell` informs `emroot run` of what emcc built itself."""

    def __init__(self, builds, libraries, load, tell):
        self.builds, self.libraries, self.load, self.tell = builds, libraries, load, tell
        self.port = None  # the port that is asked for its libraries

    def change_ports(self, ports):
        """Build ports that were never installed here before emcc fetches the first of them."""
        original = ports.dependency_order

        def dependency_order(port_list):
            self.builds.follow_cache()
            needed = original(port_list)
            if not all(os.path.exists(self.mark(ports, port)) for port in needed):
                self.builds.build_for_link(only_ports=self.libraries.lazy_if_linking())
            for port in needed:
                self.change_port(ports, port)
            return needed
        ports.dependency_order = dependency_order
        load = getattr(ports, 'load_external_port', None)
        if load:  # its definition comes with its sources: emcc wants these while it reads its command line
            def load_external_port(port):
                self.builds.follow_cache()
                if not os.path.exists(self.mark(ports, port)):
                    self.builds.build_for_link(only_ports=self.libraries.lazy())
                return load(port)
            ports.load_external_port = load_external_port

    def change_port(self, ports, port):
        """Let emcc build a port from its sources if emroot cannot. Until then only the marker of its sources exists."""
        if hasattr(port, '_emroot'):
            return
        original, port._emroot = port.get, True

        def get(*args):
            self.port, before = port.name, self.port
            try:
                return original(*args)
            except Missing:
                with contextlib.suppress(FileNotFoundError):  # another emcc does the same
                    os.remove(self.mark(ports, port))
                self.port = None
                return original(*args)
            finally:
                self.port = before

        def get_or_end(*args):
            try:
                return get(*args)
            except OSError as error:
                if type(error).__name__ != 'URLError' or not self.builds.asked_for_link:
                    raise
                # emroot could not have the sources either, and has said what helps
                sys.modules['tools.utils'].exit_with_error('the sources of port %s: %s' % (port.name, error))
        port.get = get_or_end

    def change_cache(self, cache):
        """Build ports for this mode that are here only for another mode: their sources are not in this cache."""
        original, get_path = cache.get, cache.get_path

        def get(shortname, creator, *args, **kwargs):
            path = str(get_path(shortname))
            if self.port and not self.builds.frozen and not self.is_current(cache, shortname):
                self.builds.build_for_link(only_ports=self.libraries.lazy_if_linking())
                if os.path.exists(path) and not self.is_current(cache, shortname):
                    os.remove(path)
                if not os.path.exists(path) and self.is_bare(self.port):
                    raise Missing
            before = stamp(path)
            self.builds.tell_generated(kwargs.get('what') or (args[0] if args else None), str(shortname), path)
            found = original(shortname, creator, *args, **kwargs)
            if stamp(path) != before:
                self.tell('built: ' + path)
            return found
        cache.get = get

    def is_current(self, cache, shortname):
        """Whether a port's library exists, and its inputs are unchanged (`cache_directory/directory.py` records both)."""
        if not os.path.exists(str(cache.get_path(shortname))):
            return False
        try:
            with open(str(cache.get_path(os.path.join('.emroot', str(shortname) + '.json'))), encoding='utf-8') as f:
                inputs = json.load(f).get('inputs')
        except (OSError, ValueError):  # emcc built it
            return True
        if not inputs:
            return True
        return self.load('port_inputs').are_current(inputs)

    @staticmethod
    def mark(ports, port):
        """The file that tells emcc that a port's sources are in this cache directory."""
        return os.path.join(str(ports.Ports.get_dir()), port.name, '.emscripten_url')

    @staticmethod
    def is_bare(name):
        """Whether only the marker of a port's sources exists."""
        directory = str(sys.modules['tools.ports'].Ports.get_dir())
        files = [file for _, _, files in os.walk(os.path.join(directory, name)) for file in files]
        return files == ['.emscripten_url']


def stamp(path):
    """A fingerprint that changes when a file is written; None if it does not exist."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ino
