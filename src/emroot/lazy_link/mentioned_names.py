"""Which members of archives may define which names, as far as their sources tell; remembered by name."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, cached_property, partial
from pathlib import Path

from .. import schemas
from ..engine.build import Build
from ..engine.command_lines.compile_context import CompileContext
from ..hashing import digest_record
from ..host.home import read_json, write_json
from ..keys.plan import Archive, Compile, Plan
from .source_names.definitions import Definitions, SourcesOnce, describe
from .source_names.headers import Dialect, Headers, TextReader
from .source_names.mentions import Mentions
from .symbols.ir_symbols import can_be_scanned, is_assembly, source_of

MemberName = tuple[str, str]
"""The name of an archive, and of a member in it."""
#: Options that bring text into a compile which its source does not include.
_BRINGING = ('-include', '-imacros', '-fopenmp', '-fblocks', '-x')


class MentionedNames:
    """Answers for the members of some archives, by their keys: what decides about a source decides about its archive's key.
    `once`: probably no other link will ask."""

    def __init__(self, build: Build, plan: Plan, archives: Iterable[Archive], *, once: bool = False) -> None:
        self._build, self._plan, self._archives, self._texts = build, plan, list(archives), TextReader()
        self._known = {archive.name: read_json(self._file(archive, 'names')) or {} for archive in self._archives}
        #: The sources of archives about which nobody has asked before, if nobody will ask again.
        self._asked_once: dict[str, list[SourcesOnce]] = {name: [] for name, known in self._known.items() if once and not known}
        self.unbounded = {(archive.name, name) for archive in self._archives for name, key in archive.members
                          if not _is_told(plan.compiles[key])}
        """Members of which the text of their sources does not tell the names."""

    def prepare(self) -> None:
        """Have the store say where the headers are: `may_define` may be called in a thread then."""
        _ = self._context

    def may_define(self, names: Collection[str]) -> dict[str, list[MemberName]]:
        """The members that may define each of the names. Raises `OSError` if a source cannot be read."""
        for archive in self._archives:
            known = self._known[archive.name]
            if new := set(names) - known.keys():
                answers = [each.may_define(new) for each in self._sources(archive)]
                known |= {name: [] for name in new}
                for member, name in ((member, name) for found in answers for member, told in found.items() for name in told):
                    known[name].append(member)
                write_json(self._file(archive, 'names'), known)
        return {name: [(archive.name, member) for archive in self._archives for member in self._known[archive.name][name]]
                for name in names}

    def _file(self, archive: Archive, what: str) -> Path:
        return self._build.home.memo / 'mentions' / f'{digest_record([schemas.MENTIONS, archive.key])[:32]}.{what}.json'

    def _sources(self, archive: Archive) -> list[Definitions] | list[SourcesOnce]:
        """What new names are compared with. For one question few sources have to be understood; otherwise all are, and this is
        kept."""
        if (once := self._asked_once.get(archive.name)) is not None:
            once[:] = once or [SourcesOnce(*group) for group in self._read(archive)]
            return once
        file = self._file(archive, 'sources')
        with contextlib.suppress(LookupError, TypeError, ValueError, AttributeError):
            return [Definitions(kept) for kept in (read_json(file) or {})['groups']]
        groups = [describe(mentions, members) for mentions, members in self._read(archive)]
        write_json(file, {'groups': groups})
        return [Definitions(kept) for kept in groups]

    def _read(self, archive: Archive) -> Iterator[tuple[Mentions, Mapping[str, list[str]]]]:
        groups: dict[Dialect, dict[str, list[str]]] = {}
        dialects: dict[tuple[object, str], Dialect] = {}
        for name, key in archive.members:
            compile_ = self._plan.compiles[key]
            alike = compile_.argv, os.path.splitext(compile_.source)[1]
            if alike not in dialects:
                dialects[alike] = _dialect(compile_, self._context)
            path = _path(source_of(compile_, self._context), self._context)
            groups.setdefault(dialects[alike], {}).setdefault(path, []).append(name)
        for dialect, members in groups.items():
            yield Mentions(Headers(dialect, self._texts, members)), members

    @cached_property
    def _context(self) -> CompileContext:
        with self._build.store:
            return self._build.context.headers.context


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
