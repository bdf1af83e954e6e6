"""Determines what a link needs, inside an SDK, by running emcc's own front half up to the linker.

Like `program.py`, it is run by the SDK's own Python. emcc parses the arguments, computes all settings, maps `-l` flags, and
selects ports and system libraries; only its actions are replaced: the cache builds nothing, compiles do nothing, and it ends
where the linker would start. So no rule about libraries is repeated here. `guard.py` refuses any other action.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import compiled_modules  # type: ignore[import-not-found]  # before the others, which it keeps compiled
from guard import Guard  # type: ignore[import-not-found]  # as a program's neighbour, not as part of emroot
from libraries import described  # type: ignore[import-not-found]
from port_names import PortNames  # type: ignore[import-not-found]
from program import SCHEMA, SdkModules, Stop  # type: ignore[import-not-found]
from seam_access import answering, import_module, install, original, require  # type: ignore[import-not-found]
from stand_ins import Rejected, install_stand_ins  # type: ignore[import-not-found]

del sys.path[0]
Foreign = Any  # what comes from the SDK's modules carries no types


class Link:
    """One link, and its requests on the way to the linker. `cache`: a directory that does not exist."""

    def __init__(self, sdk: Foreign, cache: str, guard: Foreign) -> None:
        self.sdk, self.cache, self.guard = sdk, cache, guard
        self.link = import_module('tools.link')
        #: Requested files of the cache, in order, with the requester: ('library', 'libc'), ('port', 'zlib').
        self.asked: dict[str, tuple[str, str]] = {}
        #: The requested libraries, by embuilder's name.
        self.made: dict[str, Foreign] = {}
        #: The linker's arguments, once they are known.
        self.arguments: list[str] | None = None
        self.asking = ('', '')
        self.ports = PortNames(sdk, self.asking_as)

    def run(self, argv: list[str]) -> None:
        """Run emcc up to the linker. Raises `Rejected`."""
        install_stand_ins(self.sdk, self.cache, self.guard)
        install('tools.link.run', self._after_compiling(original('tools.link.run')))
        install('tools.building.link_lld', self._link)
        self._record_asking()
        install('tools.shared.run_via_emxx', argv[0] == 'em++')  # later releases look at argv[0] themselves
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

    def _record_asking(self) -> None:
        """Record every request to the cache, and answer it."""
        build = original('tools.system_libs.Library.build')

        def record_build(library: Foreign, *args: Foreign, **kw: Foreign) -> Foreign:
            self.made[library.get_base_name()] = library
            with self.asking_as('library', library.get_base_name()):
                return build(library, *args, **kw)

        def get(shortname: Foreign, creator: object = None, *args: object, **kw: object) -> str:
            path = str(shortname).replace(os.sep, '/')
            self.asked.setdefault(path, self.asking)
            self.ports.note(path)
            return str(Path(self.cache, shortname))
        install('tools.system_libs.Library.build', record_build)
        install('tools.cache.get', get)
        self.ports.watch()

    @contextlib.contextmanager
    def asking_as(self, kind: str, name: str) -> Iterator[None]:
        """Attribute requests to the cache within the block to this library or port."""
        before, self.asking = self.asking, (kind, name)
        try:
            yield
        finally:
            self.asking = before

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
        """Variants of the SDK's libraries among `-l` flags that emcc passes on to the linker: `-lc++-noexcept`. emcc does not
        request them from the cache, but the linker searches it; a library with this name in a `-L` directory comes first."""
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


def main(request_file: str, answer_file: str) -> None:
    """Answer one request: `root`, `argv` (`emcc` or `em++` first), `cwd`, `ports` (their sources)."""
    with open(request_file, encoding='utf-8') as f:
        request = json.load(f)
    scratch = os.path.dirname(os.path.abspath(answer_file))
    sdk = SdkModules(os.path.normpath(request['root']))
    require('resolve')
    sdk.config.PORTS = request['ports'] or os.path.join(scratch, 'ports')
    known = [sdk.root, os.path.dirname(os.__file__), *(p for p in sys.path if os.path.isdir(p))]
    guard = Guard(known, [scratch, *filter(None, [compiled_modules.DIRECTORY])])
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
    answering(main)
