"""Which members of archives may define which names, as far as their sources tell; remembered by name."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from .. import schemas
from ..engine.build import Build
from ..engine.command_lines.compile_context import CompileContext
from ..hashing import digest_record
from ..host.files import read_file
from ..host.home import write_json
from ..keys.plan import Archive, Compile, Plan
from .member_builder import mapped_context
from .source_names.headers import Dialect, Headers, TextReader
from .source_names.mentions import Mentions, SoughtNames
from .symbols.ir_symbols import can_be_scanned, is_assembly, source_of

MemberName = tuple[str, str]
"""The name of an archive, and of a member in it."""
#: Options that bring text into a compile which its source does not include.
_BRINGING = ('-include', '-imacros', '-fopenmp', '-fblocks', '-x')


class MentionedNames:
    """Answers for the members of some archives."""

    def __init__(self, build: Build, plan: Plan, archives: Iterable[Archive]) -> None:
        self._build, self._plan, self._archives = build, plan, list(archives)
        keys = [archive.key for archive in self._archives]
        self._file = build.home.memo / 'mentions' / f'{digest_record([schemas.MENTIONS, keys])[:32]}.json'
        self._known: dict[str, list[MemberName]] = _remembered(self._file)
        self._groups: list[tuple[Mentions, Mapping[str, list[MemberName]]]] | None = None
        self.unbounded = {(archive.name, name) for archive in self._archives for name, key in archive.members
                          if not _is_told(plan.compiles[key])}
        """Members of which the text of their sources does not tell the names."""

    def may_define(self, names: Collection[str]) -> dict[str, list[MemberName]]:
        """The members that may define each of the names. Raises `OSError` if a source cannot be read."""
        new = {name for name in names if name not in self._known}
        if new:
            found: dict[str, list[MemberName]] = {name: [] for name in new}
            for mentions, members in self._read():
                for file, mentioned in mentions.may_define(SoughtNames(new, mentions.headers.is_class)).items():
                    for name in mentioned:
                        found[name] += members.get(file, ())
            self._known.update(found)
            write_json(self._file, self._known)
        return {name: self._known[name] for name in names}

    def _read(self) -> list[tuple[Mentions, Mapping[str, list[MemberName]]]]:
        if self._groups is None:
            with self._build.store:
                context = mapped_context(self._build)
            groups: dict[Dialect, dict[str, list[MemberName]]] = {}
            dialects: dict[tuple[object, str], Dialect] = {}
            for archive in self._archives:
                for name, key in archive.members:
                    compile_ = self._plan.compiles[key]
                    alike = compile_.argv, os.path.splitext(compile_.source)[1]
                    if alike not in dialects:
                        dialects[alike] = _dialect(compile_, context)
                    members = groups.setdefault(dialects[alike], {})
                    members.setdefault(_path(source_of(compile_, context), context), []).append((archive.name, name))
            texts = TextReader()
            self._groups = [(Mentions(Headers(dialect, texts, members)), members) for dialect, members in groups.items()]
        return self._groups


def _remembered(file: Path) -> dict[str, list[MemberName]]:
    try:
        return {name: [(archive, member) for archive, member in members]
                for name, members in json.loads(read_file(file) or b'{}').items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def _is_told(compile_: Compile) -> bool:
    return (is_assembly(compile_) or can_be_scanned(compile_)) and not any(word.startswith(_BRINGING) for word in compile_.argv)


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
