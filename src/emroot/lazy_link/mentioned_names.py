"""Which members of archives may define which names, as far as their sources tell; remembered by name."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import astuple
from functools import cache, cached_property, partial
from pathlib import Path
from typing import NamedTuple

from .. import schemas
from ..engine.build import Build
from ..engine.command_lines.compile_context import CompileContext
from ..engine.execution.background import run_in_background
from ..hashing import digest_record
from ..host.home import read_json, write_json
from ..host.isolated_python import isolated
from ..keys.plan import Archive, Compile, Plan
from .source_names.definitions import Definitions, describe
from .source_names.describe_program import describe_once
from .source_names.headers import Dialect, TextReader
from .symbols.ir_symbols import can_be_scanned, is_assembly

MemberName = tuple[str, str]
"""The name of an archive, and of a member in it."""
#: Options that bring text into a compile which its source does not include.
_BRINGING = ('-include', '-imacros', '-fopenmp', '-fblocks', '-x')


class _Group(NamedTuple):
    """The sources of an archive that are compiled alike, as far as their names go."""

    dialect: Dialect
    members: Mapping[str, list[str]]
    """The members that are made of each source."""
    file: Path
    """Where it is kept what they may define."""

    def read(self) -> Definitions | None:
        """What is kept."""
        with contextlib.suppress(LookupError, TypeError, ValueError, AttributeError):
            return Definitions(read_json(self.file) or {})
        return None


class MentionedNames:
    """Answers for the members of some archives. They are kept by name, under the archives' keys: what decides about a source
    decides about these."""

    def __init__(self, build: Build, plan: Plan, archives: Iterable[Archive]) -> None:
        self._build, self._plan, self._archives, self._texts = build, plan, list(archives), TextReader()
        self._known = {archive.name: read_json(self._names_file(archive)) or {} for archive in self._archives}
        self._groups = cache(self._find_groups)
        self._answering = threading.Lock()
        self.unbounded = {(archive.name, name) for archive in self._archives for name, key in archive.members
                          if not _is_told(plan.compiles[key])}
        """Members of which the text of their sources does not tell the names."""

    def read_sources(self) -> None:
        """Read all sources, those of archives with few members first. Raises `OSError` if one cannot be read."""
        for archive in self._by_size():
            for group in self._groups(archive):
                describe_once(group.file, group.dialect, self._texts, group.members)

    @contextlib.contextmanager
    def read_ahead(self, names: Set[str]) -> Iterator[Iterator[Set[str]]]:
        """While the block runs, a process of its own reads the sources that `may_define` will want to know for these names, and a
        thread finds its answers. The block gets the names of the archives of which these are known, each time that they become
        more; those with few members come first, so that something can be done meanwhile."""
        groups = [group for archive in self._by_size() if not names <= self._known[archive.name].keys()
                  for group in self._groups(archive) if not group.file.exists()]
        answered, stopped = queue.SimpleQueue[Set[str] | None](), threading.Event()
        with contextlib.ExitStack() as stack:
            process = None
            with contextlib.suppress(OSError):  # `may_define` reads itself what this does not
                process = _describing(groups, stack) if groups else None

            def answer() -> None:
                try:
                    with contextlib.suppress(OSError):  # `may_define` raises it again
                        for found in self._described(process) if process else ():
                            self.may_define(names, found)
                            answered.put(found)
                        if not stopped.is_set():
                            self.may_define(names)
                finally:
                    answered.put(None)

            with run_in_background(answer):
                try:
                    yield iter(answered.get, None)
                except BaseException:
                    stopped.set()
                    if process:
                        process.kill()
                    raise

    def _described(self, process: subprocess.Popen[str]) -> Iterator[Set[str]]:
        found: Set[str] = frozenset()
        for _ in process.stdout or ():
            if more := {archive.name for archive in self._archives if archive.name not in found
                        and all(group.file.exists() for group in self._groups(archive))}:
                found |= more
                yield found

    def may_define(self, names: Set[str], among: Set[str] | None = None) -> dict[str, list[MemberName]]:
        """The members that may define each of the names, `among` those of some archives. Raises `OSError` if a source cannot be
        read."""
        archives = [archive for archive in self._archives if among is None or archive.name in among]
        with self._answering:
            for archive in archives:
                known = self._known[archive.name]
                if new := set(names) - known.keys():
                    answers = [self._definitions(group).may_define(new) for group in self._groups(archive)]
                    known |= {name: [] for name in new}
                    for member, name in ((member, name) for found in answers for member, told in found.items() for name in told):
                        known[name].append(member)
                    write_json(self._names_file(archive), known)
        return {name: [(archive.name, member) for archive in archives for member in self._known[archive.name][name]]
                for name in names}

    def _by_size(self) -> list[Archive]:
        return sorted(self._archives, key=lambda archive: len(archive.members))

    @cached_property
    def words(self) -> set[str]:
        """All words of the sources outside of functions: those of the names in C that members may define, but for joined ones.
        Raises `OSError` if a source cannot be read."""
        return set().union(*(self._definitions(group).words() for archive in self._archives for group in self._groups(archive)))

    def _names_file(self, archive: Archive) -> Path:
        return self._build.home.memo / 'mentions' / f'{digest_record([schemas.MENTIONS, archive.key])[:32]}.names.json'

    def _definitions(self, group: _Group) -> Definitions:
        if kept := group.read():
            return kept
        described = describe(group.dialect, self._texts, group.members)
        write_json(group.file, described)
        return Definitions(described)

    def _find_groups(self, archive: Archive) -> list[_Group]:
        groups: dict[Dialect, dict[str, list[str]]] = {}
        dialects: dict[tuple[object, str], Dialect] = {}
        for name, key in archive.members:
            compile_ = self._plan.compiles[key]
            alike = compile_.argv, os.path.splitext(compile_.source)[1]
            if alike not in dialects:
                dialects[alike] = _dialect(compile_, self._context)
            path = _path(self._context.source(compile_), self._context)
            groups.setdefault(dialects[alike], {}).setdefault(path, []).append(name)
        return [_Group(dialect, members, self._kept_file(dialect, members)) for dialect, members in groups.items()]

    def _kept_file(self, dialect: Dialect, members: Mapping[str, Sequence[str]]) -> Path:
        """The same for all modes whose sources have the same macros."""
        digest = digest_record([schemas.MENTIONS, self._build.catalogue.sdk.digest, astuple(dialect), members])
        return self._build.home.memo / 'mentions' / f'{digest[:32]}.sources.json'

    @cached_property
    def _context(self) -> CompileContext:
        with self._build.store:
            return self._build.context.headers.context


def _describing(groups: Sequence[_Group], stack: contextlib.ExitStack) -> subprocess.Popen[str]:
    """A process that describes these sources, and writes a line after each group. It ends with the stack."""
    request = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='emroot-'))) / 'groups.json'
    write_json(request, {'groups': [(str(file), astuple(dialect), members) for dialect, members, file in groups]})
    process = subprocess.Popen([*isolated('emroot.lazy_link.source_names.describe_program'), str(request)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    stack.enter_context(process)  # which waits for it
    stack.callback(process.kill)
    return process


def _is_told(compile_: Compile) -> bool:
    return (is_assembly(compile_) or can_be_scanned(compile_)) and not _brings_text(compile_.argv)


@cache
def _brings_text(argv: tuple[str, ...]) -> bool:
    return any(word.startswith(_BRINGING) for word in argv)


def _path(word: str, context: CompileContext) -> str:
    return os.path.normpath(os.path.join(context.working_directory, word))


def _dialect(compile_: Compile, context: CompileContext) -> Dialect:
    """Where a compile finds its headers, and what its command line defines."""
    path = partial(_path, context=context)
    words, cxx = context.command(compile_, Path('none.o')), not compile_.source.endswith(('.c', '.s', '.S'))
    public = []
    for sysroot in (word.partition('=')[2] for word in words if word.startswith('--sysroot=')):
        public += [path(sysroot + word.removeprefix('-iwithsysroot')) for word in words if word.startswith('-iwithsysroot')]
        public += [path(f'{sysroot}/include/c++/v1'), path(f'{sysroot}/include')] if cxx else [path(f'{sysroot}/include')]
    return Dialect(cxx, tuple(path(word[2:]) for word in words if word.startswith('-I') and len(word) > 2), tuple(public),
                   path(f'{context.sdk.resource_dir}/include'), tuple(word[2:] for word in words if word.startswith('-D')))
