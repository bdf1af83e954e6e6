"""Runs embuilder so that its output does not contain the path of its cache."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import urllib.request

from port_inputs import Inputs
from port_settings import USE_PORT, value_of, with_implied, without_settings
from seam_access import install, original

#: Seconds without an answer, after which a mirror is left.
TIMEOUT = 60.0


def embuilder(sdk, request):
    """Run embuilder for one target, with its cache's path mapped to that of an in-tree cache."""
    import embuilder as program
    PortFetcher(sdk.ports, request['port_directories'], request['port_mirror'])
    made = original('tools.system_libs.get_base_cflags')
    maps = ['-ffile-prefix-map=%s=%s' % (cache, request['cache_prefix']) for cache in _names_of_cache(sdk)]

    def get_base_cflags(*args, **kwargs):
        return [*made(*args, **kwargs), *maps, *request.get('flags', [])]
    install('tools.system_libs.get_base_cflags', get_base_cflags)
    _start_scripts_directly(sdk, request.get('said_root'), request.get('named_source'))
    _spell_sources_in_tree(sdk)
    target, settings = without_settings(request['target'])
    for file in filter(None, settings.pop(USE_PORT, '').split(os.pathsep)):
        sdk.ports.handle_use_port_arg(sdk.settings.settings, file)
    if settings:
        _build_ports_with(sdk, settings)
    inputs = _watch_inputs(sdk, request) if request.get('inputs') else None
    sys.argv = ['embuilder', *request['embuilder_flags'], 'build', target]
    code = program.main()
    if code:
        sys.exit(code)
    return {'inputs': inputs.files_seen() if inputs else [], 'external': _external(sdk)}


def _names_of_cache(sdk):
    """The paths that embuilder may give its cache: 3.1.69 resolves links in it, 6.0.5 does not."""
    return list(dict.fromkeys([sdk.config.CACHE, os.path.realpath(sdk.config.CACHE)]))


def _external(sdk):
    """Ports whose definition came with their sources, which emcc reads each time."""
    if not original('tools.ports.load_external_port'):
        return []
    sources = os.path.join(os.path.realpath(sdk.config.PORTS), '')
    return [port.name for port in sdk.ports.ports if os.path.realpath(port.__file__).startswith(sources)]


def _watch_inputs(sdk, request):
    """Record the inputs of a port, except those in its key already: the SDK, and directories of sources that were given."""
    known = [sdk.root, sdk.config.LLVM_ROOT, os.path.dirname(os.__file__), *(path for path in sys.path if os.path.isdir(path)),
             *request['port_directories'].values()]
    return Inputs(known, os.path.dirname(sdk.config.CACHE))


def _build_ports_with(sdk, given):
    """Let embuilder build ports, and their dependencies, with settings for which it has no flag."""
    settings = sdk.settings.settings
    unknown = [name for name in given if name not in settings.attrs]
    if unknown:
        sys.exit('error: emcc has no setting `{}`'.format(unknown[0]))
    values = with_implied({name: value_of(text, settings.attrs[name]) for name, text in given.items()})
    build = original('embuilder.build_port')

    def build_port(name):
        for setting, value in values.items():
            setattr(settings, setting, value)
        build(name)
    install('embuilder.build_port', build_port)


def _spell_sources_in_tree(sdk):
    """Give sources the names that they have with an in-tree cache: bitcode and debug information contain them, and no flag maps
    all of them. They are relative to embuilder's build directory (`cache/build/NAME-tmp`), three levels below the SDK's root or,
    here, below a directory in which the SDK's `system` appears."""
    above = os.path.dirname(sdk.config.CACHE)
    _show_sources(os.path.join(sdk.root, 'system'), os.path.join(above, 'system'))
    relpath, caches = os.path.relpath, _names_of_cache(sdk)

    def in_tree(path):
        path = os.path.abspath(path)
        cache = next((name for name in caches if path.startswith(os.path.join(name, ''))), None)
        return os.path.join(sdk.root, os.path.basename(cache)) + path[len(cache):] if cache else path
    os.path.relpath = lambda path, start=os.curdir: relpath(in_tree(path), in_tree(start))


def _show_sources(system, link):
    """Have a directory appear at another path: by a link; where Windows allows none, by a junction; where neither works, as below
    Wine, by its files in `lib`."""
    with contextlib.suppress(OSError):
        os.symlink(system, link, target_is_directory=True)
    if os.name == 'nt' and not os.path.isdir(link):
        import _winapi
        with contextlib.suppress(OSError):
            _winapi.CreateJunction(system, link)
    if not os.path.isdir(os.path.join(link, 'lib')):
        shutil.copytree(os.path.join(system, 'lib'), os.path.join(link, 'lib'), copy_function=_link_or_copy)


def _link_or_copy(source, path):
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


def _start_scripts_directly(sdk, said_root=None, named_source=None):
    """Start emcc and other scripts with this Python and `-B`: their launchers would leave `__pycache__` in the SDK. If the
    SDK is to appear at `said_root`, bitcode that contains the path of its source is made with the program `named_source`."""
    names = {'EMCC': 'emcc.py', 'EMXX': 'em++.py', 'EMAR': 'emar.py', 'EMRANLIB': 'emranlib.py'}
    scripts = {original('tools.shared.' + name): script for name, script in names.items()}

    class Directly(subprocess.Popen):
        def __init__(self, command, *args, **kwargs):
            script = scripts.get(command[0]) if isinstance(command, (list, tuple)) else None
            if script:
                source = next((a for a in command if a.startswith(os.path.join(sdk.root, 'system', ''))), None)
                # as in engine/command_lines/placeholders.py
                names_source = any(a.startswith(('-flto', '-fsanitize=')) for a in command)
                named = named_source and source and '-c' in command and names_source
                command = [sys.executable, '-B', os.path.join(sdk.root, script), *command[1:]]
                if named:
                    command[:0] = [sys.executable, '-I', '-S', '-B', named_source, sdk.root, said_root, source]
            super().__init__(command, *args, **kwargs)
    subprocess.Popen = Directly  # the SDK's modules have their own names for the functions above it


class PortFetcher:
    """Replaces the SDK's access to the network for ports."""

    def __init__(self, ports, directories, mirror):
        #: Directory of sources by port; and a directory of archives, or nothing.
        self.directories, self.mirror = directories, mirror
        self.ports = ports
        self.fetching = self.archive = ''
        self.urlopen = urllib.request.urlopen
        install('tools.utils.MACOS', False)  # there the SDK would start curl instead
        install('tools.ports.urlopen', self.open)
        artifact = 'tools.ports.Ports.fetch_port_artifact'
        path = artifact if original(artifact) else 'tools.ports.Ports.fetch_project'
        self.fetch, self.get_dir = original(path), original('tools.ports.Ports.get_dir')
        install(path, staticmethod(self.fetch_port))
        install('tools.ports.Ports.get_dir', staticmethod(self.get_port_dir))

    def fetch_port(self, name, url, *args, **kwargs):
        """Replaces the SDK's function: a port with a given directory needs no archive, only its marker."""
        self.fetching, self.archive = name, url.rsplit('/', 1)[-1]
        if name not in self.directories:
            return self.fetch(name, url, *args, **kwargs)
        directory = str(self.get_dir(name))
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, '.emscripten_url'), 'w', encoding='utf-8') as f:
            f.write(url + '\n')
        return True

    def get_port_dir(self, *parts):
        """Replaces the SDK's function: the given directory appears where an archive would be unpacked: in the directory that a
        port names below its own, or in its own. A port that names none joins the path itself: to its own, or to one with the
        name of the archive."""
        name = parts[0] if parts else self.fetching
        if name in self.directories:
            own = str(self.get_dir(name))
            unpacked = [own] if len(parts) < 2 else [os.path.join(own, str(parts[1]).replace('\\', '/').split('/')[0])]
            if not parts:
                unpacked.append(os.path.join(own, re.sub(r'(\.tar)?\.\w+$', '', self.archive)))
            for path in unpacked:  # asked before the SDK's own makes an empty one
                if not os.path.exists(path) or os.listdir(path) == ['.emscripten_url']:
                    shutil.copytree(self.directories[name], path, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        return self.get_dir(*parts)

    def open(self, url, *args, **kwargs):
        """Replaces `urlopen`: searches the mirror by archive name, port name and the URL's path."""
        name, base = self.fetching, url.rsplit('/', 1)[-1]
        extension = base.split('.', 1)[-1]
        tried = []
        if self.mirror:
            for relative in (base, name + '-' + base, name + '.' + extension, url.split('://', 1)[-1]):
                path = os.path.join(self.mirror, *relative.split('/'))
                tried.append(path)
                if os.path.isfile(path):
                    with open(path, 'rb') as f:
                        return io.BytesIO(f.read())
        try:
            return self.urlopen(url, timeout=TIMEOUT)
        except OSError as error:
            tried.append('{} ({})'.format(url, error))
        raise SystemExit('error: the sources of port `{0}` are not available; tried {1}\n'
                         'hint: put the archive, or a directory {0}/ with the sources, into a directory, and give it with '
                         '--ports-from; or set EMCC_LOCAL_PORTS={0}=DIRECTORY'.format(name, ', '.join(tried)))
