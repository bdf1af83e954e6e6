"""The program that runs inside an SDK: it asks the SDK's own modules, and answers in JSON.

It is run by the SDK's own Python (3.8 or later), not imported by emroot:

    python -B program.py REQUEST.json ANSWER.json

The request names the Emscripten root and one question of `QUESTIONS`. Nothing about Emscripten's libraries is known
here: variants, sources, flags and order all come from running the SDK's classes with their last step, the one that
would start a process or write a file, replaced by one that records. Nothing is written into the SDK: `-B` keeps
`__pycache__` away, and every SDK function that would create a directory is pointed at paths that are only spelled.
"""

import ast
import contextlib
import copy
import json
import os
import subprocess
import sys
from pathlib import Path

SCHEMA = 1

#: Stands for the source and the object in a recorded command line.
SOURCE, OBJECT = '{source}', '{object}'


class Stop(BaseException):
    """Ends an SDK function early, at the point where everything worth knowing is known."""


# --- the SDK's modules and their state -------------------------------------------------------------------------------

class Sdk:
    """The SDK's modules, imported once, with their global state reset between questions."""

    def __init__(self, root):
        sys.path.insert(0, root)
        sys.argv = [os.path.join(root, 'emcc.py')]
        self.root = root
        import emcc
        from tools import building, cache, config, ports, settings, shared, system_libs, utils
        self.emcc, self.building, self.cache, self.config = emcc, building, cache, config
        self.ports, self.settings, self.shared, self.system_libs, self.utils = ports, settings, shared, system_libs, utils
        self.pristine = State()

    def spell_cache_in_tree(self):
        """Make the cache directory `<root>/cache`, by name only: nothing is created, looked for or locked there.

        The reference for every byte is embuilder with its in-tree cache, so its paths are the ones to record.
        """
        self.cache.cachedir = Path(self.root, 'cache')
        self.cache.cachelock = None
        self.cache.cachelock_name = Path(self.root, 'cache', 'cache.lock')
        self.cache.get = lambda shortname, creator=None, *args, **kwargs: str(Path(self.root, 'cache', shortname))


class State:
    """Every global that running the SDK's front half can change, as it is now, to be put back any number of times.

    A fresh process for each of some 400 flag groups would cost a minute; putting the globals back costs a millisecond.
    """

    MODULES = ('emcc', 'tools.cmdline', 'tools.settings', 'tools.diagnostics', 'tools.shared', 'tools.compile',
               'tools.building', 'tools.ports')

    def __init__(self):
        self.containers, self.names, self.objects, self.caches = [], [], [], []
        for module in [sys.modules[name] for name in self.MODULES if name in sys.modules]:
            for name, value in list(vars(module).items()):
                for holder in [value, *_attributes(value)]:
                    if isinstance(holder, (dict, list, set)):
                        self.containers.append((holder, _copy(holder)))
                if value is None or isinstance(value, (bool, int, str)):
                    self.names.append((module, name, value))
                if _is_sdk_object(value):
                    self.objects.append((vars(value), dict(vars(value))))
                if hasattr(value, 'cache_clear'):
                    self.caches.append(value.cache_clear)

    def restore(self):
        """Put everything back as it was."""
        for module, name, value in self.names:
            setattr(module, name, value)
        for space, content in self.objects:
            _refill(space, content)
        for holder, content in self.containers:
            if holder != content:
                _refill(holder, _copy(content))
        for clear in self.caches:
            clear()


def _is_sdk_object(value):
    return type(value).__module__.split('.')[0] in ('tools', 'emcc') and hasattr(value, '__dict__')


def _attributes(value):
    """Containers held by an SDK object or its class (`settings.attrs`, `EmccOptions.input_files`)."""
    if not _is_sdk_object(value):
        return []
    return [v for space in (vars(value), vars(type(value))) for v in space.values() if isinstance(v, (dict, list, set))]


def _copy(holder):
    """Deep where the content is plain data, shallow where it refers to the SDK's objects."""
    values = holder.values() if isinstance(holder, dict) else holder
    plain = all(isinstance(v, (str, int, float, bool, type(None), list, dict, set, tuple)) for v in values)
    return copy.deepcopy(holder) if plain else copy.copy(holder)


def _refill(holder, content):
    if holder == content:
        return
    holder.clear()
    if isinstance(holder, list):
        holder.extend(content)
    else:
        holder.update(content)


# --- identify --------------------------------------------------------------------------------------------------------

def identify(sdk, request):
    """What the SDK says of itself: version, where its parts lie, and the stamp that emcc wants to find in a cache."""
    shared, config = sdk.shared, sdk.config
    return {
        'version': sdk.utils.EMSCRIPTEN_VERSION if hasattr(sdk.utils, 'EMSCRIPTEN_VERSION') else shared.EMSCRIPTEN_VERSION,
        'llvm_root': config.LLVM_ROOT,
        'binaryen_root': config.BINARYEN_ROOT,
        'node': list(config.NODE_JS) if config.NODE_JS else [],
        'config': config.EM_CONFIG if os.path.isfile(config.EM_CONFIG) else None,
        'sanity': shared.generate_sanity(),
        'expected_llvm': int(shared.EXPECTED_LLVM_VERSION),
        'llvm_suffix': config.LLVM_ADD_VERSION,
        'clang_suffix': config.CLANG_ADD_VERSION,
        'tools': {'clang': shared.CLANG_CC, 'clang++': shared.CLANG_CXX, 'llvm-ar': shared.LLVM_AR,
                  'wasm-ld': shared.WASM_LD},
    }


# --- modes -----------------------------------------------------------------------------------------------------------

def enter_mode(sdk, request):
    """Apply a mode the way embuilder applies its own flags, and stop before it does anything.

    That way it does not matter whether a release calls it `settings.LTO` or `options.lto`, `RELOCATABLE` or
    `MAIN_MODULE`: the SDK's own line sets it.
    """
    import embuilder
    sdk.spell_cache_in_tree()
    sdk.embuilder = embuilder
    sdk.embuilder_argv = ['embuilder', *request['embuilder_flags'], 'build']
    sdk.cache.setup = lambda: None
    sdk.shared.check_sanity = lambda *args, **kwargs: None
    tasks = embuilder.get_system_tasks

    def stop_in_main():
        if sys._getframe(1).f_code.co_name == 'main':  # its help text asks for them too, before the flags are applied
            raise Stop
        return tasks()
    embuilder.get_system_tasks = stop_in_main
    try:
        _run_embuilder(sdk, ['libc'])
    finally:
        embuilder.get_system_tasks = tasks
    return embuilder.get_system_tasks()[0]


def _run_embuilder(sdk, targets):
    argv, sys.argv = sys.argv, sdk.embuilder_argv + targets
    try:
        with open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere):
            sdk.embuilder.main()
    except Stop:
        pass
    finally:
        sys.argv = argv


def groups(sdk, libraries):
    """Embuilder's groups, each expanded by embuilder itself with its building steps replaced by recorders."""
    built = []
    classes = {type(library) for library in libraries.values()}
    restore = [(cls, cls.__dict__.get('build')) for cls in classes]
    for cls in classes:
        cls.build = lambda self, *args, **kwargs: built.append(self.get_base_name())
    sdk.embuilder.build_port = built.append
    sdk.embuilder.get_system_tasks = lambda: (libraries, list(libraries))
    found = {}
    try:
        for name in _group_names(sdk.embuilder.__file__):
            del built[:]
            _run_embuilder(sdk, [name])
            found[name] = list(built)
    finally:
        for cls, build in restore:
            if build is None:
                del cls.build
            else:
                cls.build = build
    return found


def _group_names(path):
    """The keys of the dictionary that embuilder's main calls `predefined_tasks`."""
    with open(path, encoding='utf-8') as f:
        tree = ast.parse(f.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == 'predefined_tasks':
            return [ast.literal_eval(key) for key in node.value.keys]
    return []


# --- libraries -------------------------------------------------------------------------------------------------------

def listing(sdk, request):
    """Every library variant of a mode with its file and what it varies on; ports and groups by name."""
    libraries = enter_mode(sdk, request)
    ports = sdk.ports.ports_by_name
    return {'libraries': {name: {'file': library.get_filename(), 'path': _path(library), 'family': library.name,
                                 'vary': _vary(library), 'objects': len(library.get_files())}
                          for name, library in libraries.items()},
            'groups': groups(sdk, libraries),
            'ports': {name: list(getattr(ports[name], 'deps', [])) for name in sorted(ports)},
            'port_variants': {name: port for name, (port, _) in sorted(sdk.ports.port_variants.items())}}


def recipes(sdk, request):
    """How the wanted targets are made: compiles, object names and the order of members.

    Commands are grouped: `commands` holds each distinct argument list once, a library's `objects` refer to it as
    `[source, object name, command index]`. Paths below the SDK are spelled from `{sdk}`, below its cache from `{cache}`;
    relative ones are relative to a directory three levels below `{sdk}`, as embuilder's build directory is.
    """
    libraries = enter_mode(sdk, request)
    commands = Commands(sdk)
    found = {name: _recipe(sdk, libraries[name], commands) for name in request['targets']}
    return {'libraries': found, 'commands': commands.spelled()}


def _path(library):
    return str(library.get_path()).replace(os.sep, '/')


def _recipe(sdk, library, commands):
    build_dir = os.path.join(sdk.root, 'cache', 'build', library.get_base_name() + '-tmp')
    recorded = []
    sdk.system_libs.run_build_commands = lambda cmds, *args, **kwargs: recorded.extend(cmds)
    sdk.system_libs.is_case_insensitive = lambda path: os.path.normcase('A') == 'a' or sys.platform == 'darwin'
    library.deterministic_paths = True  # what embuilder asks for up to 3.1.7x; later releases always do it
    objects = library.build_objects(build_dir)
    compiles = dict(_compiles(sdk, library, [_placed(command, build_dir) for command in recorded], build_dir))
    order, how = _members(sdk, library, objects)
    return {'file': library.get_filename(), 'path': _path(library), 'how': how,
            'objects': [[sdk_path(sdk, compiles[o][1]), os.path.basename(o), commands.index(*compiles[o])]
                        for o in order]}


def _vary(library):
    """The constructor arguments that make this variant, as text (`{'is_mt': 'True'}`)."""
    keys = {key for combination in type(library).variations() for key in combination}
    return {key: getattr(getattr(library, key, None), 'name', str(getattr(library, key, None))) for key in sorted(keys)}


def _placed(command, build_dir):
    """Name embuilder's working directory where the command would only have it from the process.

    Up to 3.1.7x assembly files are compiled so, and carry that directory in their debug information.
    """
    if any(a.startswith('-fdebug-compilation-dir') for a in command):
        return command
    return [*command[:2], '-fdebug-compilation-dir=' + build_dir, *command[2:]]


def _compiles(sdk, library, recorded, build_dir):
    """Take emcc's command lines apart: (object, (emcc arguments, source)) for each source."""
    sources = set()
    for source in library.get_files():
        sources.add(str(source))
        sources.add(sdk.utils.normalize_path(os.path.relpath(source, build_dir)))
    for command in recorded:
        if '-o' in command:
            at = command.index('-o')
            yield command[at + 1], (tuple(command[:at - 1]), command[at - 1])
            continue
        names = [a for a in command if a in sources]
        flags = tuple(a for a in command if a not in sources)
        for name in names:
            stem = os.path.splitext(os.path.basename(name))[0]
            yield os.path.join(build_dir, stem + '.o'), (flags, name)


def _members(sdk, library, objects):
    """The objects in the order in which the SDK hands them to its archiver, and which way they are joined."""
    seen = []

    def record(how):
        def call(*args, **kwargs):
            seen.append((how, args))
        return call
    out = library.get_filename()
    replaced = [(sdk.system_libs, 'create_lib_emar', 'archive'), (sdk.building, 'emar', 'archive'),
                (sdk.building, 'link_to_object', 'relocatable'), (sdk.system_libs.shutil, 'copyfile', 'copy')]
    originals = [(holder, name, getattr(holder, name)) for holder, name, _ in replaced if hasattr(holder, name)]
    for holder, name, how in replaced:
        if hasattr(holder, name):
            setattr(holder, name, record(how))
    try:
        sdk.system_libs.create_lib(out, objects)
    finally:
        for holder, name, value in originals:
            setattr(holder, name, value)
    how, args = seen[0]
    if how == 'copy':
        return [args[0]], how
    return next(list(a) for a in args if isinstance(a, (list, tuple))), how


def sdk_path(sdk, path):
    """A path below the SDK's root, as `{sdk}/...` with forward slashes; a relative one as it is."""
    path = str(path)
    for place, name in ((os.path.join(sdk.root, 'cache', 'sysroot'), '{cache}/sysroot'), (sdk.root, '{sdk}')):
        path = path.replace(place, name)
    return path.replace('\\', '/') if os.sep == '\\' else path


class Commands:
    """Turns emcc's arguments into clang's, each distinct list once, by running emcc's own code up to its exec."""

    def __init__(self, sdk):
        self.sdk = sdk
        self.groups = {}

    def index(self, flags, source):
        """The number of the command that compiles `source` with these emcc arguments."""
        key = (flags, os.path.splitext(source)[1])
        self.groups.setdefault(key, (len(self.groups), source))
        return self.groups[key][0]

    def spelled(self):
        """All commands by number. Ends the mode: an emcc that embuilder starts knows nothing of embuilder's settings."""
        found = [[sdk_path(self.sdk, arg) for arg in self._clang(flags, source)]
                 for (flags, _), (_, source) in self.groups.items()]
        self.sdk.pristine.restore()
        return found

    def _clang(self, flags, source):
        sdk = self.sdk
        if not os.path.isabs(source):
            source = os.path.normpath(os.path.join(sdk.root, 'cache', 'build', 'x', source))
        recorded = []

        def record(cmd, *args, **kwargs):
            recorded.append(list(cmd))
            raise Stop
        out = os.path.join(sdk.root, 'cache', 'build', 'emroot-object.o')
        sdk.pristine.restore()
        sdk.shared.exec_process = record
        sdk.shared.run_via_emxx = 'em++' in os.path.basename(flags[0])
        with open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere), contextlib.suppress(Stop):
            sdk.emcc.main([flags[0], *flags[1:], source, '-o', out])
        argv = recorded[0]
        names = {source: SOURCE, out: OBJECT}
        joined = ['clang++' if argv[0] == sdk.shared.CLANG_CXX else 'clang']
        for arg in argv[1:]:
            if arg == '-o' + out:
                joined += ['-o', OBJECT]
            else:
                joined.append(names.get(arg, arg))
        return joined


# --- headers ---------------------------------------------------------------------------------------------------------

def headers(sdk, request):
    """Have the SDK install its headers into the cache directory that EM_CACHE names, and say what emcc will look for."""
    sdk.cache.setup()
    sdk.system_libs.ensure_sysroot()
    return {'cache': str(sdk.cache.cachedir), 'sanity': sdk.shared.generate_sanity()}


# --- embuilder -------------------------------------------------------------------------------------------------------

def embuilder(sdk, request):
    """Run embuilder for one target, with the cache directory's place mapped to that of an in-tree cache."""
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import embuilder as program
    from port_sources import PortSources
    if hasattr(sdk.ports, 'Ports'):
        PortSources(sdk.ports, sdk.utils, request['port_directories'], request['port_mirror'])
    made = sdk.system_libs.get_base_cflags

    def get_base_cflags(*args, **kwargs):
        return [*made(*args, **kwargs), '-ffile-prefix-map=%s=%s' % (sdk.config.CACHE, request['cache_prefix']),
                *request.get('flags', [])]
    sdk.system_libs.get_base_cflags = get_base_cflags
    _start_scripts_directly(sdk)
    _spell_sources_in_tree(sdk)
    sys.argv = ['embuilder', *request['embuilder_flags'], 'build', request['target']]
    code = program.main()
    if code:
        sys.exit(code)
    return {}


def _spell_sources_in_tree(sdk):
    """Have embuilder name its sources as from an in-tree cache: bitcode keeps those names, and no flag maps them.

    They are relative to its build directory (`cache/build/NAME-tmp`), three levels below the SDK's root or, here, below
    a directory with a link to the SDK's `system`.
    """
    above = os.path.dirname(sdk.config.CACHE)
    try:
        os.symlink(os.path.join(sdk.root, 'system'), os.path.join(above, 'system'), target_is_directory=True)
    except OSError:
        return  # Windows without the right to make links: only LTO's bitcode differs
    relpath = os.path.relpath

    def in_tree(path):
        path = os.path.abspath(path)
        return sdk.root + path[len(above):] if path.startswith(os.path.join(sdk.config.CACHE, '')) else path
    os.path.relpath = lambda path, start=os.curdir: relpath(in_tree(path), in_tree(start))


def _start_scripts_directly(sdk):
    """Start emcc and its like with this Python and `-B`: their launchers would leave `__pycache__` in the SDK."""
    names = {'EMCC': 'emcc.py', 'EMXX': 'em++.py', 'EMAR': 'emar.py', 'EMRANLIB': 'emranlib.py'}
    scripts = {getattr(sdk.shared, name): script for name, script in names.items() if hasattr(sdk.shared, name)}

    class Directly(subprocess.Popen):
        def __init__(self, command, *args, **kwargs):
            script = scripts.get(command[0]) if isinstance(command, (list, tuple)) else None
            if script:
                command = [sys.executable, '-B', os.path.join(sdk.root, script), *command[1:]]
            super().__init__(command, *args, **kwargs)
    subprocess.Popen = Directly  # the SDK's modules have their own names for the functions above it


QUESTIONS = {'embuilder': embuilder, 'identify': identify, 'listing': listing, 'recipes': recipes, 'headers': headers}


def main(request_file, answer_file):
    with open(request_file, encoding='utf-8') as f:
        request = json.load(f)
    sdk = Sdk(os.path.normpath(request['root']))
    answer = QUESTIONS[request['question']](sdk, request)
    answer['schema'] = SCHEMA
    with open(answer_file, 'w', encoding='utf-8', newline='\n') as f:
        json.dump(answer, f, separators=(',', ':'))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2])
