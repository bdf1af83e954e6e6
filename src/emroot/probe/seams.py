"""What emroot needs of Emscripten: the one table of the modules and names that it calls, reads or replaces.

The programs of this folder look names up through it (`seam_access.py`), in the SDK's Python (3.8 or later). A question ends with
an error if the SDK lacks a name that it needs, and goes on without one that only helps. emroot itself reads the table for
warnings, `emroot doctor` and a page of the documentation.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: How a program ends that cannot answer because the SDK lacks a name.
EXIT = 64
#: What the names are for. `needs` and `helps` of the table consist of these.
USES = {
    'identify': 'recognize the SDK', 'headers': 'install the headers', 'libraries': 'list the libraries and how each is built',
    'resolve': 'find the libraries of a link', 'embuilder': 'have embuilder build (ports, and `--builder embuilder`)',
    'ports': "find where ports' sources come from (Bazel)", 'run': 'build all missing libraries of a link at once (`emroot run`)',
}


class Seam:
    """One name of Emscripten's."""

    def __init__(self, module: str, name: str, why: str, *, needs: str = '', helps: str = '', since: str = '',
                 until: str = '', instead: str = '') -> None:
        self.module, self.name = module, name
        self.why = why
        """What does not work without it."""
        self.needs, self.helps = tuple(needs.split()), tuple(helps.split())
        """The uses that end without it, and those that go on."""
        self.since, self.until = since, until
        """The first release that has it, and the first one that has it no more; empty if all that emroot supports do."""
        self.instead = instead
        """The path of the name that other releases have for it."""

    @property
    def path(self) -> str:
        """`tools.system_libs.Library.build`."""
        return self.module + '.' + self.name

    @property
    def required(self) -> bool:
        """Whether some use ends without it."""
        return bool(self.needs)

    def expected(self, version: str) -> bool:
        """Whether this version of Emscripten should have it."""
        now = numbers(version)
        return not now or (numbers(self.since) <= now and (not self.until or now < numbers(self.until)))


def has(holder: object, name: str) -> bool:
    """Whether a module has a name, which may have several parts."""
    for part in name.split('.'):
        if not hasattr(holder, part):
            return False
        holder = getattr(holder, part)
    return True


def numbers(version: str) -> tuple[int, ...]:
    """`6.0.9-git` as (6, 0, 9)."""
    return tuple(int(number) for number in re.findall(r'\d+', version)[:3])


def _of(module: str, *seams: tuple[Any, ...]) -> tuple[Seam, ...]:
    """Rows of one module, each `(names, why, needs)`, which may go on with `helps` and further arguments of `Seam`."""
    found = []
    for row in seams:
        names, why, needs = row[:3]
        helps, more = row[3] if len(row) > 3 else '', row[4] if len(row) > 4 else {}
        found += [Seam(module, name, why, needs=needs, helps=helps, **more) for name in names.split()]
    return tuple(found)


_TOOLS = "the SDK's tools are unknown"
_VARIANTS = 'the variants of a library are unknown'
_INPUTS = 'a link is only resolved if its inputs exist'
_WRITES = 'some links are refused because their resolution would write files or start programs'
_ITSELF = 'links build missing libraries themselves, one after the other'
_PORTS = 'the ports of a link are unknown'

SEAMS = (
    *_of('emcc',
         ('main', 'no command line of clang is known, and no link can be resolved', 'libraries resolve'),
         ('substitute_response_files', _INPUTS, '', 'resolve', {'instead': 'tools.response_file.substitute_response_files'}),
         ('create_reproduce_file', 'links with --reproduce are refused', '', 'resolve')),
    *_of('embuilder',
         ('main', 'modes cannot be selected, and embuilder cannot be run', 'libraries embuilder'),
         ('get_system_tasks', 'the list of libraries is unknown', 'libraries'),
         ('build_port', 'the groups of targets and the settings of ports are unknown', 'libraries', 'embuilder'),
         ('main.predefined_tasks', 'groups such as MINIMAL and SYSTEM are unknown', '', 'libraries')),
    *_of('tools.settings',
         ('settings', 'the settings of a link are unknown', 'resolve ports', 'libraries embuilder'),
         ('settings.attrs', 'the settings that ports read are unknown', 'resolve', 'libraries embuilder')),
    *_of('tools.utils',
         ('EMSCRIPTEN_VERSION', 'the version is unknown', 'identify'),
         ('normalize_path', "the sources in embuilder's commands are unknown", 'libraries'),
         ('MACOS', 'on macOS, ports are downloaded by curl and not from a mirror', '', 'embuilder')),
    *_of('tools.shared',
         ('CLANG_CC CLANG_CXX LLVM_AR WASM_LD', _TOOLS, 'identify'),
         ('EXPECTED_LLVM_VERSION', 'the LLVM version that Emscripten is made for is unknown', 'identify'),
         ('generate_sanity', 'emcc would erase the cache directory', 'identify headers'),
         ('exec_process', 'no command line of clang is known', 'libraries', 'resolve'),
         ('check_sanity', "the list of libraries takes emcc's own checks", '', 'libraries resolve'),
         ('perform_sanity_checks check_call EMSCRIPTEN_TEMP_DIR', _WRITES, '', 'resolve'),
         ('SKIP_SUBPROCS', 'a link cannot be resolved without starting Node', 'resolve'),
         ('run_via_emxx', 'em++ counts as emcc', '', 'libraries resolve'),
         ('EMCC EMXX EMAR EMRANLIB', 'embuilder may leave compiled Python files in the SDK', '', 'embuilder')),
    *_of('tools.config',
         ('LLVM_ROOT BINARYEN_ROOT NODE_JS EM_CONFIG LLVM_ADD_VERSION CLANG_ADD_VERSION', _TOOLS, 'identify'),
         ('CACHE', "objects of embuilder's contain the path of the cache directory", 'embuilder', 'identify run'),
         ('PORTS', 'the directory of ports is unknown', 'embuilder resolve', 'run'),
         ('COMPILER_WRAPPER', 'a compiler wrapper in the configuration is not used', '', 'identify run')),
    *_of('tools.cache',
         ('setup', 'the headers cannot be installed, and modes cannot be selected', 'headers libraries', 'resolve'),
         ('cachedir', "the files in emcc's cache are unknown", 'headers libraries resolve'),
         ('get', 'it is unknown which libraries a link asks for', 'libraries resolve', 'run'),
         ('get_lib_dir', 'the mode of a link is unknown', 'resolve', 'run'),
         ('get_include_dir', 'ports would install headers while a link is resolved', 'resolve'),
         ('get_path', _ITSELF, '', 'run'),
         ('ensure_setup ensure erase acquire_cache_lock release_cache_lock', _WRITES, '', 'resolve'),
         ('cachelock cachelock_name filelock.FileLock', 'emcc waits forever on file systems without locks', '',
          'headers libraries resolve embuilder')),
    *_of('tools.building',
         ('emar', 'the members of archives and their order are unknown', 'libraries', '',
          {'until': '5.0.7', 'instead': 'tools.system_libs.create_lib_emar'}),
         ('link_to_object', 'libraries that are one linked object cannot be built', 'libraries'),
         ('is_ar is_wasm_dylib', _INPUTS, '', 'resolve'),
         ('link_lld', 'the order of the libraries of a link is unknown', 'resolve')),
    *_of('tools.diagnostics',
         ('error', "if emcc refuses a link, emroot does not repeat emcc's reason", '', 'resolve')),
    *_of('tools.link',
         ('run', 'ports that only compiles use are unknown', '', 'resolve'),
         ('process_dynamic_libs read_js_files package_files', _INPUTS, '', 'resolve'),
         ('phase_post_link', _WRITES, '', 'resolve')),
    *_of('tools.response_file',
         ('substitute_response_files', 'links with response files are not lazy', '', 'run resolve')),
    *_of('tools.system_libs',
         ('ensure_sysroot', 'the headers cannot be installed', 'headers'),
         ('get_base_cflags', "objects of embuilder's contain the path of the cache directory", 'embuilder'),
         ('run_build_commands create_lib', 'the sources and members of libraries are unknown', 'libraries'),
         ('create_lib_emar', 'the members of archives and their order are unknown', 'libraries', '',
          {'since': '5.0.7', 'instead': 'tools.building.emar'}),
         ('shutil.copyfile', 'the start files of the C runtime (crt1) cannot be built', 'libraries'),
         ('is_case_insensitive', 'object names depend on the file system', '', 'libraries', {'until': '4.0.1'}),
         ('get_libs_to_link', _ITSELF, '', 'run'),
         ('Library.build', 'the groups of targets and the libraries of links are unknown', 'libraries resolve', 'run'),
         ('Library.get_path Library.get_base_name', _VARIANTS, 'libraries resolve', 'run'),
         ('Library.get_filename Library.get_files Library.build_objects', _VARIANTS, 'libraries'),
         ('Library.variations', _VARIANTS, 'libraries resolve'),
         ('Library.get_all_variations Library.can_build', _VARIANTS, 'resolve')),
    *_of('tools.ports',
         ('ports_by_name port_variants', 'the list of ports is unknown', 'libraries resolve ports'),
         ('ports', _PORTS, 'resolve', 'embuilder'),
         ('Ports.get_dir', _PORTS, 'resolve embuilder', 'run'),
         ('Ports.get_build_dir', _PORTS, 'resolve'),
         ('Ports.get_include_dir', 'ports would install headers while a link is resolved', '', 'resolve'),
         ('Ports.fetch_project', "ports' sources are downloaded while a link is resolved", 'resolve embuilder ports', '',
          {'instead': 'tools.ports.Ports.fetch_port_artifact'}),
         ('Ports.fetch_port_artifact', 'the same, for ports whose definition comes with their sources', '',
          'resolve embuilder ports', {'since': '4.0.10', 'instead': 'tools.ports.Ports.fetch_project'}),
         ('dependency_order', _PORTS, 'resolve', 'run'),
         ('handle_port_options handle_use_port_arg', "a port's options are unknown", 'resolve', 'embuilder'),
         ('load_external_port', 'ports whose definition comes with their sources are downloaded', '', 'resolve run embuilder',
          {'since': '4.0.10'}),
         ('init_local_port', 'links with such a port cannot be resolved before it was downloaded', '', 'resolve',
          {'since': '4.0.10'}),
         ('clear', _WRITES, '', 'resolve'),
         ('add_cflags', 'ports that only compiles use are unknown', '', 'resolve'),
         ('urlopen', "ports' sources are never taken from a mirror", '', 'embuilder')),
)
BY_PATH = {seam.path: seam for seam in SEAMS}
