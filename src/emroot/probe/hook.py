"""Runs inside every emcc below `emroot run`, and lets emroot build missing libraries, all at once.

With lazy links, nothing is built at this point: when emcc starts the linker, its command goes to emroot
instead (`hook_processes.py`), which links with only the needed objects. If that is impossible, whole
libraries are built then.

emcc's configuration file is Python, and every emcc reads it, however it is started (by its absolute path from
CMake, by a wrapper, from a nested build). The configuration in EM_CONFIG of `emroot run` loads this file. It
waits for emcc's own modules to be imported and changes two things: before emcc requests libraries from its
cache one by one, it requests all missing ones from emroot; and the same for ports. A link without missing
libraries only pays for a dozen stat calls.

If a release lacks what is changed, emcc works as without emroot.

It runs in the SDK's Python (3.8 or later) and imports nothing of emroot.
"""

import contextlib
import importlib.machinery
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
#: Options with which the linker only prints information, and reads no input.
ASKING = ('--version', '-version', '--help', '-help')
#: Builds of this command line.
PORTS, ALL = 'ports', 'all'
#: emroot's exit code for a link that fails with whole libraries, too.
REFUSED = 10
#: Variables that apply to all of emcc's compiles, including those of libraries.
HEEDED = ('EM_COMPILER_WRAPPER', 'EMCC_CORES')


class Missing(BaseException):
    """emcc has to build the library of a port whose sources are not here. Not an `Exception`, so that
    ports do not catch it."""


class Hook:
    """Waits for emcc's modules, and changes them when they are imported."""

    def __init__(self, command):
        self.command = command
        self.changes = {'tools.system_libs': self.change_libraries, 'tools.ports': self.change_ports,
                        'tools.cache': self.change_cache}
        self.asked_for_link = None
        self.port = None  # the port that is asked for its libraries
        self.awaited = {}  # libraries of a lazy link, by where they would be: how emcc would build each, and its name
        self.served = False  # whether emroot has made a link without them
        self.watching = self.busy = False

    @property
    def asking(self):
        """Whether nothing will be linked: the command only queries the linker, or what emcc would do."""
        words = [*sys.argv[1:], *shlex.split(os.environ.get('EMCC_CFLAGS', ''))]
        with contextlib.suppress(KeyError, AttributeError, TypeError, ValueError, OSError):  # what cannot be read asks nothing
            words = sys.modules['tools.response_file'].substitute_response_files(words)
        return '-###' in words or asks(for_the_linker(words))

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
        """Change the modules that were already being imported when the configuration was read
        (`tools.cache`)."""
        for name in list(self.changes):
            module = sys.modules.get(name)
            if module is not None and not hasattr(module, '_emroot') and hasattr(module, 'get_lib'):
                self.change(self.changes[name], module)

    @staticmethod
    def change(change, module):
        """Change a module. If it lacks what is to be changed, it stays unchanged, with a message."""
        module._emroot = True
        try:
            change(module)
        except AttributeError as error:
            note('this Emscripten has no %s, which other versions have: its links build missing libraries themselves, slower'
                 % (getattr(error, 'name', None) or error))

    def change_libraries(self, system_libs):
        """Make `get_libs_to_link` first collect its requests, and build the missing libraries.

        Libraries that the link itself names (`-lembind`) are requested before that, one by one: at the first
        missing one, everything is built.
        """
        original, build = system_libs.get_libs_to_link, system_libs.Library.build

        def build_library(library, *args, **kwargs):
            path, name = self.identity(library)
            if path and not os.path.exists(path):
                if self.can_wait(path, lambda: build(library), name):
                    return path
                self.build_for_link()
                if not os.path.exists(path):
                    self.build(['--targets', name])
            return build(library, *args, **kwargs)
        system_libs.Library.build = build_library

        def get_libs_to_link(*args, **kwargs):
            if not self.lazy():
                missing = self.missing(system_libs, lambda: original(*args, **kwargs))
                if missing:
                    self.build(['--targets', ','.join(missing)])
                return original(*args, **kwargs)
            try:
                return original(*args, **kwargs)
            except (Exception, SystemExit):
                if not self.awaited:
                    raise
            self.build_awaited()  # it wants to see them
            return original(*args, **kwargs)
        system_libs.get_libs_to_link = get_libs_to_link

    def missing(self, system_libs, gather):
        """`MODE/TARGET` of each library that `gather` requests and the cache lacks."""
        library = system_libs.Library
        asked, build = {}, library.build

        def record(self, *args, **kwargs):
            path = self.get_path(absolute=True)
            asked[path] = self
            return path
        library.build = record
        try:
            gather()
        except (Exception, SystemExit):  # noqa: BLE001  # it wants to see the libraries, or fails for good when it is asked again
            return []
        finally:
            library.build = build
        identities = [self.identity(lib) for lib in asked.values()]
        return [name for path, name in identities if path and not os.path.exists(path)]

    def identity(self, library):
        """The path of a library, and its `MODE/TARGET` in the mode of this link; empty if this release
        works differently."""
        try:
            return str(library.get_path(absolute=True)), mode() + '/' + library.get_base_name()
        except (AttributeError, LookupError, TypeError):
            return '', ''

    def lazy(self):
        """Whether emroot can replace the linker: lazy links are enabled, or nothing will be linked; and
        this program starts the linker."""
        return self.lazy_if_linking() and 'tools.link' in sys.modules

    def lazy_if_linking(self):
        """The same, if this program links at all. Ports are requested before emcc imports the code that
        links."""
        return bool(self.command.get('lazy') or self.asking) and is_driver()

    def can_wait(self, path, build, name):
        """Whether a library may be missing until the linker needs it."""
        if self.lazy():
            if not self.watching:
                self.watching = True
                load('hook_processes').watch(self)
            self.awaited.setdefault(path, (build, name))
        return path in self.awaited

    def link(self, command, cwd):
        """Let emroot link instead of the linker. Returns its exit code and a file with its output; None if
        the linker has to run."""
        if self.asking or asks(command):  # as Meson does: there is nothing to build for it
            self.awaited.clear()
            return None
        said, file = tempfile.mkstemp(prefix='emroot-said-')
        os.close(said)
        ended = self.ask_lazily({'command': [str(word) for word in command], 'cwd': cwd, 'said': file,
                                 'missing': [name for _, name in self.awaited.values()]})
        if ended not in (0, REFUSED):
            os.remove(file)
            return None
        self.served = True
        return 1 if ended else 0, file

    def ask_lazily(self, request):
        """Let emroot do part of a lazy link. Returns its exit code."""
        with tempfile.TemporaryDirectory(prefix='emroot-') as directory:
            file = os.path.join(directory, 'request.json')
            with open(file, 'w', encoding='utf-8') as f:
                json.dump(request, f)
            return self.run(self.command['lazy'], [file], None)

    def build_awaited(self):
        """Build the libraries that were to stay missing."""
        awaited, self.awaited = self.awaited, {}
        missing = {path: each for path, each in awaited.items() if not os.path.exists(path)}
        if missing:
            self.build(['--targets', ','.join(name for _, name in missing.values())])
        for path, (build, _) in missing.items():
            if not os.path.exists(path):
                build()

    def change_ports(self, ports):
        """Build ports that were never installed here before emcc fetches the first of them."""
        original = ports.dependency_order

        def dependency_order(port_list):
            self.follow_cache()
            needed = original(port_list)
            if any(not self.installed(ports, port) for port in needed):
                self.build_for_link(only_ports=self.lazy_if_linking())
            for port in needed:
                self.change_port(ports, port)
            return needed
        ports.dependency_order = dependency_order
        load = getattr(ports, 'load_external_port', None)
        if load:  # its definition comes with its sources: emcc wants these while it reads its command line
            def load_external_port(port):
                self.follow_cache()
                if not os.path.exists(self.mark(ports, port)):
                    self.build_for_link(only_ports=self.lazy())
                return load(port)
            ports.load_external_port = load_external_port

    def change_port(self, ports, port):
        """Let emcc build a port from its sources if emroot cannot. Until then only the marker of its
        sources exists."""
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
        port.get = get

    def change_cache(self, cache):
        """Build ports for this mode that are here only for another mode: their sources are not in this
        cache."""
        original, place = cache.get, cache.get_path

        def get(shortname, creator, *args, **kwargs):
            path = str(place(shortname))
            if self.port and not self.is_current(cache, shortname):
                self.build_for_link(only_ports=self.lazy_if_linking())
                if os.path.exists(path) and not self.is_current(cache, shortname):
                    os.remove(path)
                if not os.path.exists(path) and self.is_bare(self.port):
                    raise Missing
            before = stamp(path)
            found = original(shortname, creator, *args, **kwargs)
            if stamp(path) != before:
                tell('built: ' + path)
            return found
        cache.get = get

    @staticmethod
    def is_current(cache, shortname):
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
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        try:
            from port_inputs import are_current
        finally:
            del sys.path[0]
        return are_current(inputs)

    @staticmethod
    def mark(ports, port):
        """The file that tells emcc that a port's sources are in this cache directory."""
        return os.path.join(str(ports.Ports.get_dir()), port.name, '.emscripten_url')

    def installed(self, ports, port):
        """Whether the marker of a port is in this cache directory."""
        return os.path.exists(self.mark(ports, port))

    @staticmethod
    def is_bare(name):
        """Whether only the marker of a port's sources exists."""
        directory = str(sys.modules['tools.ports'].Ports.get_dir())
        files = [file for _, _, files in os.walk(os.path.join(directory, name)) for file in files]
        return files == ['.emscripten_url']

    def build_for_link(self, only_ports=False):
        """Build everything that this command line needs, with the right variants of ports, or only the
        ports; once."""
        if self.asked_for_link in (ALL, PORTS if only_ports else ALL):
            return
        self.asked_for_link = PORTS if only_ports else ALL
        if is_driver():
            only_ports = only_ports and bool(self.command.get('lazy'))
            driver = 'em++' if '++' in os.path.basename(sys.argv[0]) else 'emcc'
            more = shlex.split(os.environ.get('EMCC_CFLAGS', ''))
            link = [driver, *sys.argv[1:], *more]
            if only_ports:
                self.ask_lazily({'ports': link})
            else:
                self.build(['--for', shlex.join(link)])
        elif targets := embuilders_targets():
            self.build(['--targets', ','.join(mode() + '/' + target for target in targets)])

    def build(self, selection):
        """Let emroot build. If it cannot, emcc continues, and reports missing libraries itself."""
        self.run(self.command['argv'], selection, subprocess.DEVNULL)

    def run(self, argv, arguments, output):
        """Start emroot for the cache directory of this emcc, in an environment without the variables of
        the project. Returns its exit code."""
        cache, root = self.cache(), os.path.join(os.path.realpath(self.command['root']), '')
        if os.path.realpath(cache).startswith(root):
            return 1  # the SDK's own: what emcc does there is its own affair
        argv = list(argv)
        argv[argv.index('--cache') + 1] = cache
        environment = {name: value for name, value in os.environ.items()
                       if name in HEEDED or not name.startswith(('EM_', 'EMCC_'))}
        environment.update(self.command['env'])
        if wrapper := getattr(sys.modules.get('tools.config'), 'COMPILER_WRAPPER', None):  # as its command line may say, too
            environment['EM_COMPILER_WRAPPER'] = str(wrapper)
        busy, self.busy = self.busy, True
        try:
            return subprocess.run([*argv, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                  check=False).returncode
        finally:
            self.busy = busy

    def cache(self):
        """The cache directory of this emcc: that of `emroot run`, or of `--cache`."""
        given = getattr(sys.modules.get('tools.config'), 'CACHE', None)
        return os.path.abspath(given) if given else self.command['cache']

    def follow_cache(self):
        """Search ports in the cache directory in use; emcc's `--cache` changes only that of libraries."""
        config, default = sys.modules.get('tools.config'), os.path.join(self.command['cache'], 'ports')
        if getattr(config, 'PORTS', None) == default:
            config.PORTS = os.path.join(self.cache(), 'ports')


def for_the_linker(words):
    """The arguments that emcc passes on to its linker unchanged."""
    given = [part for word in words if word.startswith('-Wl,') for part in word.split(',')[1:]]
    return given + [words[at + 1] for at, word in enumerate(words[:-1]) if word == '-Xlinker']


def asks(words):
    """Whether the command only queries the linker."""
    return any(word in ASKING for word in words)


def is_driver():
    """Whether this program is emcc or em++, which compile and link."""
    return os.path.basename(sys.argv[0]).startswith(('emcc', 'em++'))


def embuilders_targets():
    """The targets of an embuilder command, as far as emroot has names for them."""
    words = [word for word in sys.argv[1:] if not word.startswith('-')]
    if not os.path.basename(sys.argv[0]).startswith('embuilder') or words[:1] != ['build']:
        return []
    return [word for word in words[1:] if word != 'sysroot' and not set(word) & set('/\\:,')]


def mode():
    """The mode of this program's settings: `wasm64-lto`."""
    directory = str(sys.modules['tools.cache'].get_lib_dir(absolute=False)).replace('\\', '/').split('/')
    return '-'.join([directory[2].split('-')[0], *directory[3:]])


def stamp(path):
    """A fingerprint that changes when a file is written; None if it does not exist."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ino


def note(text):
    """Make `emroot run` print a message (`cli/ui/notices.py`): configure scripts read the output of emcc."""
    if 'EMROOT_NOTICES' in os.environ:
        tell('warning: ' + text)
    else:
        sys.stderr.write('emroot: warning: ' + text + '\n')


def tell(line):
    """Send a line to `emroot run`, unless it is quiet or has ended."""
    with contextlib.suppress(KeyError, OSError), open(os.environ['EMROOT_NOTICES'], 'a', encoding='utf-8',
                                                      errors='surrogateescape') as f:
        f.write(line + '\n')


def load(name):
    """Load a program from this directory."""
    directory = os.path.join(HERE, name + '.py')
    spec = importlib.util.spec_from_file_location('emroot_' + name, directory)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def emroot_asks():
    """Whether this is one of emroot's own queries to the SDK."""
    program = getattr(sys.modules.get('__main__'), '__file__', None)
    return bool(program) and os.path.dirname(os.path.abspath(program)) == HERE


def install(command):
    """Called by the configuration. `command`: emroot's `argv` without the selection, and `env`."""
    if not emroot_asks():
        sys.meta_path.insert(0, Hook(command))


def stand_back(root, served):
    """Called by the configuration in an emcc of another SDK (at `root`) than the one that is `served`."""
    if not emroot_asks():
        import shlex
        note('the emcc of %s ran without emroot, with its own compiler and cache: this run is for the SDK at %s. '
             'Use `emroot --sdk %s run` for that SDK' % (root, served, shlex.quote(root)))
