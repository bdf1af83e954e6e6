"""Explanations of messages of emcc, its linker, its programs and Bazel, with the commands that help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..errors import LINK_NEEDS
from ..libraries.catalogue import Catalogue
from ..modes import FEATURES, Mode, mode_of_directory, parse_features, parse_mode
from ..sdk.identity_cache import read_source_index
from .providers import option_for_symbol, port_of_header, port_of_library, port_of_symbol

_FILES = (
    re.compile(r'cache file is missing: "([^"{}]+)"'),  # not the line of its source in emcc's traceback
    re.compile(r'generating (?:system )?(?:library|asset|headers|port|variant)s?: (\S+?)\.\.\.(?:\s|$)'),
    re.compile(r'Accessing the Emscripten cache at .* \(for "([^"]+)"\) is taking'),
    re.compile(r'cannot open (?:\S*[/\\])?(sysroot[/\\]lib[/\\]\S+?\.[ao]): '),
    re.compile(r"""(sysroot[/\\]lib[/\\][^\s'"]+?\.[ao])['"]?: No such file"""),  # cp, ar: lazy links leave no whole library
    re.compile(r"""No such file or directory: ['"][^\n'"]*(sysroot[/\\]lib[/\\][^\n'"]+?\.[ao])"""))
_PORTS = re.compile(r'(?:retrieving|unpacking|building) port: ([\w.]+)')
_PORT_FILE = re.compile(r'tools[/\\]ports[/\\]((?:contrib[/\\])?\w+)\.py')
_LOCKED = 'Attempt to lock the cache but FROZEN_CACHE is set'
_LIBRARY = re.compile(r'unable to find library -l(\S+)')
_HEADER = re.compile(r"(?:fatal )?error: '?([\w./+-]+)'?(?: file not found|: No such file or directory)")
_PACKAGE = re.compile(
    r"""(?:No package|Package) ['"]?([\w.+-]+?)['"]?(?:, required by [^\n]+?,)? (?:was not |not )?found"""  # pkg-config
    r"""|Could NOT find (\w+) \(missing"""  # CMake, and what it says of packages that bring their configuration
    r"""|Could not find a package configuration\s+file provided by "(\w+)\""""
    r"""|[Dd]ependency "?([\w.+-]+?)"? (?:not found|found: NO)""")  # Meson
_SYMBOL = re.compile(r'(?:(\S*sysroot[/\\]lib\S*): )?undefined symbol: (.+?)(?= \(referenced by|\.? Required by|$)', re.MULTILINE)
_BAZEL = re.compile(re.escape(LINK_NEEDS).replace(r'\{mode\}', r'(\S+)').replace(r'\{targets\}', '(.+)'))
_DISCARDED = re.compile(r"(\S+): wasm(32|64) object file can't be linked in wasm(32|64) mode")
_UNSHARED = re.compile(r"--shared-memory is disallowed by (\S+) because")
_FOREIGN = 'the libraries in this cache directory are for another Emscripten or mode than the emcc that links'
_FOR = 'emroot build --for "the link that failed"'
_RUN = 'emroot run -- COMMAND'
#: Problems of the setup: pattern of the message, subject, explanation, fix.
_SITUATIONS = (
    (r'cache directory [^\n]*not writable|unable to create cache directory'
     r'|(?:PermissionError|OSError)[^\n]*(?:Permission denied|Read-only file system)[^\n]*(?:cache|sysroot|symbol_lists)',
     'cache directory', 'emcc may not write to its cache: use a writable cache (EM_CACHE) with the libraries of the link',
     f'{_RUN}, or eval "$(emroot env --for LINK)"'),
    (r'requires node v24|[Ii]nvalid (?:memory|table elements) limits flags'
     r'|WebAssembly\.Memory\(\): Property .(?:initial|address)|wasm-memory64',
     'node', 'wasm64 programs need Node 24 or later', '"$(emroot sdk node)" main.js'),
    (r'config(?:uration)? changed, clearing cache', 'cache directory',
     'an emcc of another SDK or configuration erased it: use one for each SDK, as emroot does without --cache', _RUN),
    (r'\b(?:emcc|em\+\+|emar|emcmake|emconfigure|emmake)(?:\.bat)?[\'"]?: (?:No such file|(?:command )?not found)'
     r'|unknown command [\'"]?em(?:cc|\+\+)',
     'emcc', 'emcc is not on PATH', _RUN),
    (r'config file not found: ', 'configuration', 'EM_CONFIG or --em-config names a file that does not exist: unset it',
     'emroot doctor'),
    (r'an emcc ran without emroot', 'EM_CONFIG', 'something removed or replaced it in the environment of an emcc: pass it on',
     'env -i PATH="$PATH" EM_CONFIG="$EM_CONFIG" ...'),
    (r'ENOSPC|No space left on device', 'disk', 'it is full; the store keeps what it built', 'emroot gc --max-size 2G'),
    (r'LLVM version for clang executable', 'clang', 'this Emscripten is made for another version of LLVM',
     'emroot sdk show'),
    (r'No matching toolchains found for types[^\n]*cpp:toolchain_type', 'toolchain',
     'no C++ toolchain for WebAssembly is registered', 'register_toolchains("@emroot//bazel/toolchain:all") in MODULE.bazel'),
    (r"No repository visible as '@emscripten_cache|no such package '@+emscripten_cache", '@emscripten_cache',
     'the repository is not visible in this module', 'use_repo(emscripten_deps, "emscripten_cache") in MODULE.bazel'))


@dataclass(frozen=True)
class Fix:
    """A fix for one problem in a message."""

    missing: str
    """The file, relative to the cache directory, or the port, header, library or symbol."""
    target: str
    """`MODE/TARGET`; empty if it is not a single target."""
    command: str
    bazel: str
    note: str = ''
    """Further information."""


def explain_message(text: str, catalogue: Catalogue) -> list[Fix]:
    """The problems in a message or a whole log, each once, with fixes."""
    reader = _Reader(text, catalogue)
    found: dict[tuple[str, str], Fix] = {}
    for kind in (reader.files, reader.ports, reader.libraries, reader.headers, reader.packages, reader.symbols, reader.objects,
                 reader.bazel, reader.situations):
        for remedy in kind():
            found.setdefault((remedy.target or remedy.missing, '' if remedy.target else remedy.note), remedy)
    if not found and _LOCKED in text:
        return [Fix('a file of the cache', '', _FOR, 'emscripten_deps.cache()', 'the cache is frozen, and lacks this file')]
    return list(found.values())


class _Reader:
    def __init__(self, text: str, catalogue: Catalogue) -> None:
        self.text, self.catalogue, self.mode = text, catalogue, _mode_of(text)
        self._ports = catalogue.listing(Mode()).ports

    def files(self) -> Iterator[Fix]:
        """Missing files of the cache, and those that emcc builds one by one."""
        for path in (path for pattern in _FILES for path in pattern.findall(self.text)):
            relative = re.sub(r'^.*[/\\](?=sysroot[/\\])', '', path).replace('\\', '/')
            directory, _, file = relative.rpartition('/')
            mode = mode_of_directory(directory)
            yield self._file(relative, file, mode) if mode else Fix(relative, '', _FOR, 'emscripten_deps.cache()')

    def _file(self, path: str, file: str, mode: Mode) -> Fix:
        listing = self.catalogue.listing(mode)
        for library in [*listing.libraries.values(), *listing.unlisted.values()]:
            if library.file == file:
                return _target(path, mode, library.target)
        stem, *variant = file.removeprefix('lib').rpartition('.')[0].split('-')
        port = port_of_library(stem, self._ports)
        return self._port(path, mode, port, variant) if port else Fix(path, '', _FOR, 'emscripten_deps.cache()')

    def _port(self, missing: str, mode: Mode, port: str, variant: list[str] | None = None) -> Fix:
        """The port in the variant of the file name; if embuilder has no name for it, a link that needs it."""
        target = '-'.join([port, *(variant or [])])
        if target in self._ports or target in self.catalogue.listing(mode).port_variants:
            return _target(missing, mode, target, 'without a network: --ports-from DIR')
        settings = {'mt': '-pthread', 'legacysjlj': '-fwasm-exceptions', 'wasm': '-fwasm-exceptions', 'sjlj': ''}
        formats = [part for part in variant or [] if part not in settings]
        flags = dict.fromkeys(settings[part] for part in variant or [] if settings.get(part))
        use = f'--use-port={port}{":formats=" if formats else ""}{",".join(formats)}'
        return Fix(missing, f'{mode}/{port}', f'emroot build --for "{" ".join(["emcc", *mode.emcc_flags, use, *flags])}"',
                   '', 'without a network: --ports-from DIR')

    def ports(self) -> Iterator[Fix]:
        """Ports that emcc fetches, or is not allowed to fetch."""
        named = _PORTS.findall(self.text)
        if _LOCKED in self.text:
            named += [name.replace('/', '.').replace('\\', '.') for name in _PORT_FILE.findall(self.text)]
        for name in dict.fromkeys(named):
            if name in self._ports:
                yield self._port(f'port {name}', self.mode, name)

    def libraries(self) -> Iterator[Fix]:
        listing = self.catalogue.listing(self.mode)
        for name in _LIBRARY.findall(self.text):
            path = f'{self.mode.directory}/lib{name}.a'
            found = next((library for library in listing.libraries.values() if library.file == f'lib{name}.a'), None)
            stem, *variant = name.split('-')
            if found:
                yield _target(path, self.mode, found.target)
            elif port := port_of_library(stem, self._ports):
                remedy = self._port(path, self.mode, port, variant)
                yield replace(remedy, note=f'link with --use-port={port} instead of -l{name}')
            else:
                yield Fix(f'-l{name}', '', '', '', 'neither a library of the SDK nor a port: build it with emcc and give its '
                          'directory (-L)')

    def headers(self) -> Iterator[Fix]:
        """Missing headers: of a port, or the SDK's own."""
        for header in _HEADER.findall(self.text):
            if port := port_of_header(header, self._ports):
                yield replace(self._port(header, self.mode, port),
                              note=f'compile and link with --use-port={port}; a frozen cache has to contain it already')
            elif self._is_of_the_sdk(header):
                yield Fix(header, '', 'emroot doctor', '', 'a header of the SDK: the cache directory (EM_CACHE) has no '
                          'headers, or the compiler is not emcc')

    def _is_of_the_sdk(self, header: str) -> bool:
        return any(name.endswith(f'/include/{header}') for name in read_source_index(self.catalogue.sdk))

    def packages(self) -> Iterator[Fix]:
        """Packages that a build system does not find: ports, which it searches without flags of emcc."""
        for name in (next(filter(None, names)) for names in _PACKAGE.findall(self.text)):
            if port := port_of_library(name.replace('-', '_'), self._ports):
                yield replace(self._port(f'package {name}', self.mode, port),
                              note='pkg-config, CMake and Meson find it when the cache directory contains it and EM_CACHE is set '
                              '(`emroot run --`, emconfigure, emcmake)')

    def symbols(self) -> Iterator[Fix]:
        """Undefined symbols, with one fix per library."""
        for origin, symbol in _SYMBOL.findall(self.text):
            shown = f'symbol {symbol}'
            if origin:
                yield Fix(re.sub(r'^.*(?=sysroot)', '', origin), '', 'emroot doctor --cache DIR', '', _FOREIGN)
            elif port := port_of_symbol(symbol, self._ports):
                yield replace(self._port(shown, self.mode, port), note=f'link with --use-port={port}')
            elif found := option_for_symbol(symbol):
                library, option = found
                yield Fix(shown, '', _FOR, '', f'{f"{library} defines it: " if library else ""}link with {option}')

    def objects(self) -> Iterator[Fix]:
        """Objects and libraries that do not fit the link."""
        for name, made, linked in _DISCARDED.findall(self.text):
            flag = '-sMEMORY64' if linked == '64' else 'no -sMEMORY64'
            yield self._unfit(name, f'it was compiled for wasm{made}: compile it with {flag}')
        for name in _UNSHARED.findall(self.text):
            yield self._unfit(name, 'it was compiled without -pthread: compile it with -pthread')

    def _unfit(self, name: str, note: str) -> Fix:
        if re.search(r'sysroot[/\\]lib', name):
            return Fix(name, '', 'emroot doctor --cache DIR', '', _FOREIGN)
        return Fix(name, '', '', '', f'{note} (a problem of the build\'s flags, not of a library)')

    def bazel(self) -> Iterator[Fix]:
        for mode, targets in _BAZEL.findall(self.text):
            for name in targets.split(', '):
                yield _target(f'{mode}/{name}', parse_mode(mode), name)

    def situations(self) -> Iterator[Fix]:
        for pattern, what, note, command in _SITUATIONS:
            if re.search(pattern, self.text):
                yield Fix(what, '', command, '', note)


def _mode_of(text: str) -> Mode:
    """The mode of a log: from library directories, otherwise from flags."""
    for found in re.findall(r'sysroot[/\\]lib[/\\]wasm\d\d-emscripten(?:[/\\][\w-]+(?=[/\\]|["\s]|$))?', text):
        if mode := mode_of_directory(found.replace('\\', '/')):
            return mode

    def mentions(pattern: str) -> bool:
        return bool(re.search(rf'(?:^|[\s"\'=])(?:{pattern})(?![\w=])', text))
    chosen = {axis.name: name for name, (axis, choice) in FEATURES.items() if choice.in_logs and mentions(choice.in_logs)}
    return parse_features(chosen.values())


def _target(missing: str, mode: Mode, target: str, note: str = '') -> Fix:
    listed = ', '.join(f'"{feature}"' for feature in mode.features)
    return Fix(missing, f'{mode}/{target}', f'emroot build --features {",".join(mode.features)} --targets {target}',
               f'emscripten_deps.cache(features = [{listed}], targets = ["{target}"])', note)
