"""Determines what a link needs, inside an SDK, by running emcc's own front half up to the linker.

Like `program.py`, it is run by the SDK's own Python, and not imported by emroot. emcc parses the arguments,
computes all settings, maps `-l` flags, and selects ports and system libraries; only its actions are replaced:
the cache builds nothing, compiles do nothing, and it ends where the linker would start. So no rule about
libraries is repeated here. `guard.py` refuses any other action.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from guard import Guard  # type: ignore[import-not-found]  # as a program's neighbour, not as part of emroot
from libraries import described  # type: ignore[import-not-found]
from port_names import PortNames  # type: ignore[import-not-found]
from program import SCHEMA, SdkModules, Stop  # type: ignore[import-not-found]

del sys.path[0]
Foreign = Any  # what comes from the SDK's modules carries no types


class Rejected(BaseException):
    """emcc refuses the link; the text is its message. Not an `Exception`, so that SDK code does not catch
    it."""


class Link:
    """One link, and its requests on the way to the linker. `cache`: a directory that does not exist."""

    def __init__(self, sdk: Foreign, cache: str, guard: Foreign) -> None:
        self.sdk, self.cache, self.guard = sdk, cache, guard
        self.link = importlib.import_module('tools.link')
        #: Files that were requested from the cache, in order, with the requester: ('library', 'libc') or
        #: ('port', 'zlib').
        self.asked: dict[str, tuple[str, str]] = {}
        #: The requested libraries, by embuilder's name.
        self.made: dict[str, Foreign] = {}
        #: The linker's arguments, once they are known.
        self.arguments: list[str] | None = None
        self.asking = ('', '')
        self.ports = PortNames(sdk, self.asking_as)

    def run(self, argv: list[str]) -> None:
        """Run emcc up to the linker. Raises `Rejected`."""
        self._stop_acting()
        self._record_asking()
        self.sdk.shared.run_via_emxx = argv[0] == 'em++'  # later releases look at argv[0] themselves
        sys.argv = [argv[0]]
        try:
            with open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere):
                code = self.sdk.emcc.main(list(argv))
        except Stop:
            return
        except SystemExit as ended:
            code = ended.code
        if code:
            raise Rejected(f'it ends with exit code {code}')

    def _stop_acting(self) -> None:
        """Replace emcc's actions by functions that do nothing."""
        sdk, link = self.sdk, self.link
        sdk.shared.SKIP_SUBPROCS = True  # emcc's own switch behind `-###`: no checks of tools, no asking of Node
        sdk.shared.EMSCRIPTEN_TEMP_DIR = os.path.join(os.path.dirname(self.cache), 'temp')  # named, never made
        replace(sdk.shared, 'check_call', lambda cmd, *args, **kw: subprocess.CompletedProcess(cmd, 0, '', ''))
        replace(sdk.shared, 'exec_process', stop)
        replace(sdk.shared, 'check_sanity', nothing)
        replace(sdk.shared, 'perform_sanity_checks', nothing)
        replace(sys.modules['tools.diagnostics'], 'error', reject)
        replace(sdk.emcc, 'create_reproduce_file', nothing)
        holder = sdk.emcc if hasattr(sdk.emcc, 'substitute_response_files') else sys.modules['tools.response_file']
        expand = holder.substitute_response_files
        replace(holder, 'substitute_response_files', lambda args: self._pretend(expand(args)))
        # Inputs need not exist, so their content is not looked at; dynamic libraries are the exception (see below).
        replace(sdk.building, 'is_ar', lambda path: True)
        is_wasm_dylib = sdk.building.is_wasm_dylib
        replace(sdk.building, 'is_wasm_dylib', lambda path: self._is_dylib(path, is_wasm_dylib))
        replace(link, 'process_dynamic_libs', nothing)
        replace(link, 'read_js_files', lambda files: '')
        replace(link, 'package_files', lambda *args, **kw: [])
        replace(link, 'run', self._after_compiling(link.run))
        replace(sdk.building, 'link_lld', self._link)
        replace(link, 'phase_post_link', stop)
        for name in ('setup', 'ensure_setup', 'ensure', 'erase', 'acquire_cache_lock', 'release_cache_lock'):
            replace(sdk.cache, name, nothing)
        sdk.cache.cachedir = Path(self.cache)
        self.guard.pretended_place = str(sdk.ports.Ports.get_build_dir())  # where ports look for another's traces
        replace(sdk.ports, 'clear', nothing)

    def _record_asking(self) -> None:
        """Record every request to the cache, and answer it."""
        build = self.sdk.system_libs.Library.build

        def record_build(library: Foreign, *args: Foreign, **kw: Foreign) -> Foreign:
            self.made[library.get_base_name()] = library
            with self.asking_as('library', library.get_base_name()):
                return build(library, *args, **kw)

        def get(shortname: Foreign, creator: object = None, *args: object, **kw: object) -> str:
            path = str(shortname).replace(os.sep, '/')
            self.asked.setdefault(path, self.asking)
            self.ports.note(path)
            return str(Path(self.cache, shortname))
        replace(self.sdk.system_libs.Library, 'build', record_build)
        replace(self.sdk.cache, 'get', get)
        self.ports.watch()

    @contextlib.contextmanager
    def asking_as(self, kind: str, name: str) -> Iterator[None]:
        """Attribute requests to the cache within the block to this library or port."""
        before, self.asking = self.asking, (kind, name)
        try:
            yield
        finally:
            self.asking = before

    def _pretend(self, args: list[str]) -> list[str]:
        """Treat inputs, files in options, and the directory of the output as existing. Files whose content
        matters (response files, `-sNAME=@file`, port files) have to exist."""
        words = [a if not a.startswith('-') else a.partition('=')[2] or a[2:] for a in args]
        named = {w for w in words if w and not w.startswith('@') and not w.split(':')[0].endswith('.py')}
        self.guard.pretended_files = named
        self.guard.pretended_directories = {os.path.dirname(w) for w in named}
        return args

    def _is_dylib(self, path: str, really: Callable[[str], bool]) -> bool:
        """A link with a dynamic library on its command line becomes a main module, so its content matters.
        One that does not exist is judged by its name."""
        if not re.search(r'\.(so|dylib|wasm)(\.\d+)*$', path) or path.startswith('-'):
            return False
        return really(path) if self.guard.really_exists(path) else True

    def _after_compiling(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """A link of objects, with the requests that their compiles made to its ports."""
        def after_compiling(*args: Foreign, **kw: Foreign) -> Foreign:
            with self.ports.compiling(), contextlib.suppress(Exception, SystemExit, Rejected):  # what only a link may use
                self.sdk.ports.add_cflags([], self.sdk.settings.settings)
            return run(*args, **kw)
        return after_compiling

    def _link(self, args: list[str], *_: object, **__: object) -> None:
        self.arguments = list(args)
        raise Stop

    def libraries(self) -> list[list[str]]:
        """`[target, path]` of each library, in the order of the linker's arguments."""
        if self.arguments is None:
            return []
        flags = {link_flag(path, self.cache): path for path, (kind, _) in self.asked.items() if kind == 'library'}
        named = self._named_variants([a for a in self.arguments if a.startswith('-l') and a not in flags])
        found = dict(named.values())
        found.update((path, name) for path, (kind, name) in self.asked.items() if kind == 'library')
        positions = {**flags, **{flag: path for flag, (path, _) in named.items()}}
        order = dict.fromkeys([*(positions[a] for a in self.arguments if a in positions), *found])
        return [[found[path], path] for path in order]

    def _named_variants(self, flags: list[str]) -> dict[str, tuple[str, str]]:
        """Variants of the SDK's libraries among `-l` flags that emcc passes on to the linker:
        `-lc++-noexcept`.

        emcc does not request them from the cache, but the linker searches it; a library with this name in a
        `-L` directory comes first.
        """
        if not flags:
            return {}
        directories = [a[2:] for a in self.arguments or [] if a.startswith('-L')]
        variants = {link_flag(lib.get_path(), self.cache): lib
                    for lib in self.sdk.system_libs.Library.get_all_variations().values()}
        return {flag: (str(variants[flag].get_path()).replace(os.sep, '/'), variants[flag].get_base_name())
                for flag in flags if flag in variants
                and not any(os.path.isfile(os.path.join(d, f'lib{flag[2:]}.a')) for d in directories)}

    def _unlisted(self) -> dict[str, Any]:
        """Libraries that this link's settings create and embuilder does not list, in the format of the
        catalogue: 6.0.5's `-sMALLOC=emmalloc-debug` with assertions requests `libemmalloc-debug-debug`."""
        unsure = {name: library for name, library in self.made.items() if not is_listed(library)}
        known = self.sdk.system_libs.Library.get_all_variations() if unsure else {}
        return {name: described(library) for name, library in unsure.items() if name not in known}

    def answer(self) -> dict[str, Any]:
        """The answer, as plain data."""
        self.sdk.settings.settings.limit_settings(None)
        by_port: dict[str, list[str]] = {}
        for path, (kind, name) in self.asked.items():
            if kind == 'port':
                by_port.setdefault(name, []).append(path)
        positions = {arg: at for at, arg in enumerate(self.arguments or [])}
        files = [path for paths in by_port.values() for path in paths]
        files.sort(key=lambda path: positions.get(str(Path(self.cache, path)), len(positions)))
        return {'directory': str(self.sdk.cache.get_lib_dir(absolute=False)).replace(os.sep, '/'),
                'linked': self.arguments is not None, 'libraries': self.libraries(), 'unlisted': self._unlisted(),
                'port_files': files, 'ports': self.ports.targets(), 'unfetched': self.ports.unfetched,
                'unnamed': self.ports.unnamed}


def is_listed(library: Foreign) -> bool:
    """Whether embuilder lists a library, judging by the variant of its class with the same values.
    Creating all variants of all classes would take a third of the time of an answer."""
    family = type(library)
    alike = (family(**values) for values in family.variations()
             if all(getattr(library, name, None) == value for name, value in values.items()))
    return any(variant.can_build() and variant.get_base_name() == library.get_base_name() for variant in alike)


def link_flag(path: Foreign, cache: str) -> str:
    """The argument for a library on the linker's command line (`Library.get_link_flag`)."""
    stem, extension = os.path.splitext(os.path.basename(str(path)))
    return '-l' + stem[len('lib'):] if extension == '.a' else str(Path(cache, path))


def replace(holder: Foreign, name: str, value: Foreign) -> None:
    """Replace a function of the SDK. Releases without it do not need the replacement."""
    if hasattr(holder, name):
        setattr(holder, name, value)


def nothing(*args: object, **kw: object) -> None:
    """Replaces actions of emcc."""


def stop(*args: object, **kw: object) -> None:
    """Replaces the start of the linker."""
    raise Stop


def reject(message: str, *args: object) -> None:
    """Replaces `diagnostics.error`, with which emcc refuses a link."""
    raise Rejected(message % args if args else message)


def main(request_file: str, answer_file: str) -> None:
    """Answer one request: `root`, `argv` (`emcc` or `em++` first), `cwd`, and `ports` (the directory with
    sources of ports)."""
    with open(request_file, encoding='utf-8') as f:
        request = json.load(f)
    scratch = os.path.dirname(os.path.abspath(answer_file))
    sdk = SdkModules(os.path.normpath(request['root']))
    sdk.config.PORTS = request['ports'] or os.path.join(scratch, 'ports')
    known = [sdk.root, os.path.dirname(os.__file__), *(p for p in sys.path if os.path.isdir(p))]
    guard = Guard(known, [scratch, *([sys.pycache_prefix] if sys.pycache_prefix else [])])
    link = Link(sdk, os.path.join(scratch, 'cache'), guard)
    os.chdir(request['cwd'])
    guard.install()
    answer: dict[str, Any] = {}
    try:
        link.run(request['argv'])
        answer = link.answer()
    except Rejected as rejected:
        answer['rejected'] = str(rejected)
    answer.update(schema=SCHEMA, looked_at=guard.noted())
    with open(answer_file, 'w', encoding='utf-8', newline='\n') as f:
        json.dump(answer, f, separators=(',', ':'))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2])
