"""Builds the missing libraries of a link all at once, or leaves them to the linker where the link is lazy (see `hook.py`)."""

import contextlib
import os
import shlex
import sys
import tempfile

#: Options with which the linker prints information and reads no input.
ASKING = ('--version', '-version', '--help', '-help')
#: emroot's exit code for a link that cannot be made, not with whole libraries either.
REFUSED = 10


class Libraries:
    """The libraries that an emcc requests. `builds` starts emroot (`builds.py`), `load` gives a program of `probe`."""

    def __init__(self, builds, load):
        self.builds, self.load = builds, load
        self.programs = load('emcc_hook/builds')
        self.awaited = {}  # libraries of a lazy link, by where they would be: how emcc would build each, and its name
        self.served = False  # whether emroot has made a link without them
        self.watching = False
        self.listed = {}  # by class, the names of libraries that embuilder, and so emroot, lists

    @property
    def busy(self):
        """Whether emroot runs for this program."""
        return self.builds.busy

    @property
    def asking(self):
        """Whether nothing will be linked: the command only queries the linker, or what emcc would do."""
        words = [*sys.argv[1:], *shlex.split(os.environ.get('EMCC_CFLAGS', ''))]
        with contextlib.suppress(KeyError, AttributeError, TypeError, ValueError, OSError):  # what cannot be read asks nothing
            words = sys.modules['tools.response_file'].substitute_response_files(words)
        return '-###' in words or asks(for_the_linker(words))

    def change_libraries(self, system_libs):
        """Make `get_libs_to_link` first collect its requests, and build the missing libraries. Libraries that the link itself
        names (`-lembind`) are requested before that, one by one: at the first missing one, everything is built."""
        original, build = system_libs.get_libs_to_link, system_libs.Library.build
        self.builds.add_flags(system_libs)

        def build_library(library, *args, **kwargs):
            path, name = self.identity(library)
            if path and not os.path.exists(path):
                if self.can_wait(path, lambda: build(library), name):
                    return path
                self.builds.build_for_link()
                if not os.path.exists(path):
                    self.builds.build(['--targets', name])
            return build(library, *args, **kwargs)
        system_libs.Library.build = build_library

        def get_libs_to_link(*args, **kwargs):
            if not self.lazy():
                missing = self.missing(system_libs, lambda: original(*args, **kwargs))
                if missing:
                    self.builds.build(['--targets', ','.join(missing)])
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
        """The path of a library, and its `MODE/TARGET` in the mode of this link. Empty if this release works differently, or if
        embuilder does not list it (6.0.5's `libemmalloc-debug-debug`): emcc builds that one itself, or says that it may not."""
        try:
            name, path = library.get_base_name(), str(library.get_path(absolute=True))
            # Those of its own class first: to list all takes as long as a compile.
            listed = any(self.lists(kind, name) for kind in (type(library), sys.modules['tools.system_libs'].Library))
            return (path, self.builds.mode() + '/' + name) if listed and self.builds.may_build(path) else ('', '')
        except (AttributeError, LookupError, TypeError):
            return '', ''

    def lists(self, kind, name):
        """Whether embuilder lists a library among those of a class, or this release cannot tell."""
        if kind not in self.listed:
            every = getattr(kind, 'get_all_variations', None)
            self.listed[kind] = every() if every else None
        return self.listed[kind] is None or name in self.listed[kind]

    def lazy(self):
        """Whether this program starts the linker, and emroot can replace it: links are lazy, or nothing will be linked."""
        return self.lazy_if_linking() and 'tools.link' in sys.modules

    def lazy_if_linking(self):
        """The same, if this program links at all. Ports are requested before emcc imports the code that links."""
        return bool(self.builds.command.get('lazy') or self.asking) and self.programs.is_driver()

    def can_wait(self, path, build, name):
        """Whether a library may be missing until the linker needs it."""
        if self.lazy():
            if not self.watching:
                self.watching = True
                self.load('emcc_hook/processes').watch(self)
            self.awaited.setdefault(path, (build, name))
        return path in self.awaited

    def link(self, command, cwd):
        """Let emroot link. Returns the linker's exit code and a file with its output; None if the linker has to run."""
        if self.asking or asks(command):  # as Meson does: there is nothing to build for it
            self.awaited.clear()
            return None
        said, file = tempfile.mkstemp(prefix='emroot-said-')
        os.close(said)
        code = self.repeat(command, cwd, file)
        if code is not None:
            self.served = True
            return code, file
        ended = self.builds.ask_lazily({'command': [str(word) for word in command], 'cwd': cwd, 'said': file,
                                 'missing': [name for _, name in self.awaited.values()]})
        if ended not in (0, REFUSED):
            os.remove(file)
            return None
        self.served = True
        return 1 if ended else 0, file

    def repeat(self, command, cwd, file):
        """The exit code of the linker, if the link could be made as an earlier one was. What it says is in a file then."""
        identity = self.builds.command.get('links')
        if not identity:
            return None
        busy, self.builds.busy = self.busy, True
        try:
            ended = self.load('emcc_hook/repeated_links').repeat_link(
                [str(word) for word in command], cwd, self.builds.cache(), identity, list(self.awaited),
                self.load('emcc_hook/lto_objects'), self.load('emcc_hook/wasm_symbols'))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):  # a record that is damaged, or was just replaced
            return None
        finally:
            self.builds.busy = busy
        if ended is None:
            return None
        with open(file, 'w', encoding='utf-8', errors='surrogateescape') as f:
            f.write(ended[1])
        return ended[0]

    def build_awaited(self):
        """Build the libraries that were to stay missing."""
        awaited, self.awaited = self.awaited, {}
        missing = {path: each for path, each in awaited.items() if not os.path.exists(path)}
        if missing:
            self.builds.build(['--targets', ','.join(name for _, name in missing.values())])
        for path, (build, _) in missing.items():
            if not os.path.exists(path):
                build()


def for_the_linker(words):
    """The arguments that emcc passes on to its linker unchanged."""
    given = [part for word in words if word.startswith('-Wl,') for part in word.split(',')[1:]]
    return given + [words[at + 1] for at, word in enumerate(words[:-1]) if word == '-Xlinker']


def asks(words):
    """Whether the command only queries the linker."""
    return any(word in ASKING for word in words)
