"""The SDK's libraries, and how each is built."""

import contextlib
import copy
import os
import sys

from mode_settings import enter_mode, groups
from sdk_modules import State, Stop, sdk_path
from seam_access import install, original

#: Placeholders for the source and the object in a recorded command line.
SOURCE, OBJECT = '{source}', '{object}'


def listing(sdk, request):
    """Every library variant of a mode with its file and its variation; ports and groups by name."""
    libraries = enter_mode(sdk, request)
    ports = sdk.ports.ports_by_name
    return {'libraries': {name: described(library) for name, library in libraries.items()},
            'groups': groups(sdk, libraries),
            'ports': {name: list(getattr(ports[name], 'deps', [])) for name in sorted(ports)},
            'port_variants': {name: port for name, (port, _) in sorted(sdk.ports.port_variants.items())},
            'list_values': list_values(sdk, [*ports, *sdk.ports.port_variants, *libraries])}


def list_values(sdk, names):
    """Those of `names` that are valid in the list value of a port's option or of a setting."""
    defaults = getattr(sdk.settings.settings, 'attrs', {})
    settings = {key: [name for name in names if name in value] for key, value in defaults.items() if isinstance(value, list)}
    options = {name + ':' + option: [each for each in names if _takes(port, option, each)]
               for name, port in sdk.ports.ports_by_name.items()
               for option, said in getattr(port, 'OPTIONS', {}).items() if 'comma' in str(said)}
    return {key: values for key, values in {**settings, **options}.items() if values}


def _takes(port, option, value):
    """Whether a port accepts a value for an option. Its state is restored."""
    kept, refused = copy.deepcopy(vars(port).get('opts')), []
    port.handle_options({option: value}, refused.append)
    if kept is not None:
        port.opts.clear()
        port.opts.update(kept)
    return not refused


def recipes(sdk, request):
    """How the wanted targets are made that are libraries: compiles, object names and the order of members.

    Commands are grouped: `commands` holds each distinct argument list once, a library's `objects` refer to it as
    `[source, object name, command index]`. Paths below the SDK are spelled from `{sdk}`, below its cache from `{cache}`;
    relative ones are relative to a directory three levels below `{sdk}`, as embuilder's build directory is.
    """
    commands = Commands(sdk)
    libraries = enter_mode(sdk, request)
    unlisted = request.get('unlisted', {})
    wanted = {name: libraries.get(name) or _made_up(libraries, **unlisted[name])
              for name in request['targets'] if name in libraries or name in unlisted}
    found = {name: _recipe(sdk, library, commands) for name, library in wanted.items()}
    return {'libraries': found, 'commands': commands.spelled()}


def described(library):
    """A library variant for the catalogue: its file, its variation, its number of compiles."""
    return {'file': library.get_filename(), 'path': _path(library), 'family': library.name, 'vary': _vary(library),
            'objects': len(library.get_files())}


def _path(library):
    return str(library.get_path()).replace(os.sep, '/')


def _recipe(sdk, library, commands):
    build_dir = os.path.join(sdk.root, 'cache', 'build', library.get_base_name() + '-tmp')
    recorded = []
    install('tools.system_libs.run_build_commands', lambda cmds, *args, **kwargs: recorded.extend(cmds))
    install('tools.system_libs.is_case_insensitive', lambda path: os.path.normcase('A') == 'a' or sys.platform == 'darwin')
    library.deterministic_paths = True  # what embuilder asks for up to 3.1.7x; later releases always do it
    objects = library.build_objects(build_dir)
    compiles = dict(_compiles(sdk, library, [_in_build_directory(command, build_dir) for command in recorded], build_dir))
    order, how = _members(sdk, library, objects)
    return {'file': library.get_filename(), 'path': _path(library), 'family': library.name, 'how': how,
            'objects': [[sdk_path(sdk, compiles[o][1]), os.path.basename(o), commands.index(*compiles[o])]
                        for o in order]}


def _vary(library):
    """The constructor arguments that make this variant, as text (`{'is_mt': 'True'}`)."""
    return {key: _spelled(getattr(library, key, None), kind) for key, kind in sorted(_kinds(library).items())}


def _kinds(library):
    """The type of each constructor argument, from the variants that the library's class lists."""
    return {key: type(value) for combination in type(library).variations() for key, value in combination.items()}


def _spelled(value, kind):
    # A truth value may come from a setting that is a number (`is_debug=settings.ASSERTIONS`).
    return str(bool(value)) if kind is bool else getattr(value, 'name', str(value))


def _made_up(libraries, family, vary):
    """The library of a family with these constructor arguments, in the form of `_vary`."""
    relative = next(library for library in libraries.values() if library.name == family)
    kinds = _kinds(relative)
    read = {bool: 'True'.__eq__, str: str}
    return type(relative)(**{key: read[kinds[key]](value) if kinds[key] in read else kinds[key][value]
                             for key, value in vary.items()})


def _in_build_directory(command, build_dir):
    """Add embuilder's working directory to a command that would otherwise take it from the process. Up to 3.1.7x
    assembly files are compiled like this, and contain that directory in their debug information."""
    if any(a.startswith('-fdebug-compilation-dir') for a in command):
        return command
    return [*command[:2], '-fdebug-compilation-dir=' + build_dir, *command[2:]]


def _compiles(sdk, library, recorded, build_dir):
    """Parse emcc's command lines: (object, (emcc arguments, source)) for each source."""
    sources, relative = set(), {}
    for source in map(str, library.get_files()):
        folder, name = os.path.split(source)
        if folder not in relative:
            relative[folder] = sdk.utils.normalize_path(os.path.relpath(folder, build_dir))
        sources.update([source, relative[folder] + '/' + name])
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
    """The objects in the order in which the SDK passes them to its archiver, and how they are archived."""
    seen = []

    def record(how):
        def call(*args, **kwargs):
            seen.append((how, args))
        return call
    out = library.get_filename()
    joining = {'tools.system_libs.create_lib_emar': 'archive', 'tools.building.emar': 'archive',
               'tools.building.link_to_object': 'relocatable', 'tools.system_libs.shutil.copyfile': 'copy'}
    originals = {path: original(path) for path in joining}
    for path, how in joining.items():
        install(path, record(how))
    try:
        sdk.system_libs.create_lib(out, objects)
    finally:
        for path, value in originals.items():
            install(path, value)
    how, args = seen[0]
    if how == 'copy':
        return [args[0]], how
    return next(list(a) for a in args if isinstance(a, (list, tuple))), how


class Commands:
    """Translates emcc's arguments to clang's, each distinct list once, by running emcc's own code up to its exec.
    Create it before a mode is entered: the state of the SDK's modules has to be that of a fresh emcc."""

    def __init__(self, sdk):
        self.sdk = sdk
        self.pristine = State()
        self.groups = {}

    def index(self, flags, source):
        """The index of the command that compiles `source` with these emcc arguments."""
        key = (flags, os.path.splitext(source)[1])
        self.groups.setdefault(key, (len(self.groups), source))
        return self.groups[key][0]

    def spelled(self):
        """All commands by index. Ends the mode: an emcc that embuilder starts has not its settings."""
        found = [[sdk_path(self.sdk, arg) for arg in self._clang(flags, source)]
                 for (flags, _), (_, source) in self.groups.items()]
        self.pristine.restore()
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
        self.pristine.restore()
        install('tools.shared.exec_process', record)
        install('tools.shared.run_via_emxx', 'em++' in os.path.basename(flags[0]))
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
