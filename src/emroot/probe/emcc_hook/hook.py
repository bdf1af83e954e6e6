"""Runs inside every emcc below `emroot run`, and lets emroot build missing libraries, all at once.

emcc's configuration file is Python, and every emcc reads it, however it is started. The configuration in EM_CONFIG of
`emroot run` loads this file. It waits for emcc's own modules to be imported and changes two things: before emcc requests
libraries from its cache one by one, it requests all missing ones from emroot; and the same for ports. A link without missing
libraries only pays for a dozen stat calls. If a release lacks what is changed, emcc works as without emroot.

With lazy links, nothing is built at this point: when emcc starts the linker, its command goes to emroot (`processes.py`), which
links with only the needed objects, or, if that is impossible, builds whole libraries.
"""

import contextlib
import importlib.machinery
import importlib.util
import os
import sys

PROBE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: The configuration of this run, and what ends the name of the file for messages next to it (`cli/environment.py` has the same).
CONFIG, MESSAGES = os.environ.get('EM_CONFIG', ''), '.notices'
#: Programs that are loaded, by name.
LOADED = {}


class Hook:
    """Waits for emcc's modules, and changes them when they are imported."""

    def __init__(self, command, configuration):
        self.command = command
        self.builds = builds = load('emcc_hook/builds').Builds(command, configuration, '' if is_quiet() else messages())
        libraries = load('emcc_hook/libraries').Libraries(builds, load)
        ports = load('emcc_hook/ports').Ports(builds, libraries, load, tell)
        self.changes = {'tools.system_libs': libraries.change_libraries, 'tools.ports': ports.change_ports,
                        'tools.cache': ports.change_cache}

    def find_spec(self, name, path=None, target=None):
        """Part of `sys.meta_path`: wraps the import of the modules to change."""
        if name not in self.changes:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            run, change = spec.loader.exec_module, self.changes[name]

            def exec_module(module):
                run(module)
                self.change(change, module)
                self.change_early_ones()
            spec.loader.exec_module = exec_module
        return spec

    def change_early_ones(self):
        """Change the modules that were already being imported when the configuration was read (`tools.cache`)."""
        for name in list(self.changes):
            module = sys.modules.get(name)
            if module is not None and not hasattr(module, '_emroot') and hasattr(module, 'get_lib'):
                self.change(self.changes[name], module)

    def change(self, change, module):
        """Change a module. If it lacks a name that is used, a message has it and the consequence."""
        module._emroot = True
        self.builds.freeze()
        lacking = self.lacking(module) if self.command.get('lacking', True) else []  # the table takes some milliseconds
        try:
            change(module)
        except AttributeError as error:
            lacking = lacking or self.lacking(module)
            if not lacking:
                note('this Emscripten has no %s, which other versions have: its links build missing libraries themselves, slower'
                     % (getattr(error, 'name', None) or error))
        for seam in lacking:
            note('this Emscripten has no %s: %s' % (seam.path, seam.why))

    def lacking(self, module):
        """What a module lacks of what is changed or used."""
        seams = load('seams')
        return [seam for seam in seams.SEAMS if seam.module == module.__name__ and 'run' in seam.helps
                and not seams.has(module, seam.name) and seam.expected(self.version())]

    def version(self):
        """The version of Emscripten; empty if unknown."""
        with contextlib.suppress(OSError, ValueError), \
                open(os.path.join(self.command['root'], 'emscripten-version.txt'), encoding='utf-8') as f:
            return f.read()
        return ''


def note(text):
    """Make `emroot run` print a message (`cli/ui/notices.py`): configure scripts read the output of emcc."""
    if is_quiet() or os.path.isfile(messages()):
        tell('warning: ' + text)
    else:
        sys.stderr.write('emroot: warning: ' + text + '\n')


def tell(line):
    """Send a line to `emroot run`, unless it is quiet or has ended."""
    with contextlib.suppress(OSError):
        if os.path.isfile(messages()):
            with open(messages(), 'a', encoding='utf-8', errors='surrogateescape') as f:
                f.write(line + '\n')


def messages():
    """The file for messages to `emroot run`, which is there while it listens."""
    return os.path.splitext(CONFIG)[0] + MESSAGES


def is_quiet():
    """Whether `emroot run` is to be silent."""
    return CONFIG.endswith('-quiet.config')


def load(name):
    """A program of `probe`, by its path there without `.py`, loaded once."""
    if name in LOADED:
        return LOADED[name]
    spec = importlib.util.spec_from_file_location('emroot_' + name.replace('/', '_'), os.path.join(PROBE, name + '.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    LOADED[name] = module
    return module


def emroot_asks():
    """Whether this is one of emroot's own queries to the SDK."""
    program = getattr(sys.modules.get('__main__'), '__file__', None)
    return bool(program) and os.path.dirname(os.path.abspath(program)) == PROBE


def install(command, configuration=()):
    """Called by the configuration. `command`: emroot's `argv` without the selection, and `env`. `configuration`: the dictionary
    of what the configuration sets, which goes on after this."""
    if not emroot_asks():
        sys.meta_path.insert(0, Hook(command, configuration))


def stand_back(root, served):
    """Called by the configuration in an emcc of another SDK (at `root`) than the one that is `served`."""
    if not emroot_asks():
        import shlex
        note('the emcc of %s ran without emroot, with its own compiler and cache: this run is for the SDK at %s. '
             'Use `emroot --sdk %s run` for that SDK' % (root, served, shlex.quote(root)))
