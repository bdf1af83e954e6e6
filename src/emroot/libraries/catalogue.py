"""The catalogue: the SDK's own description of its libraries, as data, queried once per SDK and mode. There are two
queries of different cost: the *list* of a mode (names, files, groups, ports), and the *recipe* of a target (its
compiles, in order)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .. import schemas
from ..errors import UnknownNameError, from_os_error, is_shortage
from ..host.checked_json import read_checked_json, write_checked_json
from ..host.files import read_file, write_text
from ..host.home import Home, temporary_file
from ..modes import Mode
from ..probe import ask, programs_digest, pure_environment
from ..probe.port_settings import split
from ..sdk import Sdk

#: The syntax of library names; groups are all capitals, patterns and port files have other characters.
_LIBRARY = r'[\w.+-]*[a-z][\w.+-]*'


class Library(NamedTuple):
    """One library variant in one mode."""

    target: str
    """Embuilder's name: `libc-mt-debug`."""
    file: str
    """`libc-mt-debug.a`; a bare `.o` for the C runtime's start files."""
    path: str
    """The path that emcc expects, relative to the cache directory, with forward slashes."""
    family: str
    """The library of which this is a variant: `libc`."""
    vary: Mapping[str, str]
    """The constructor arguments of this variant: `{'is_mt': 'True'}`."""
    objects: int
    """The number of its compiles."""

    @property
    def variation(self) -> str:
        """The arguments that differ from the plain library, for people: `mt=True`."""
        return ' '.join(f'{key.removeprefix("is_")}={value}' for key, value in self.vary.items()
                        if value not in ('False', 'None'))


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The libraries, groups and ports of a mode."""

    mode: Mode
    libraries: Mapping[str, Library]
    groups: Mapping[str, Sequence[str]]
    """Embuilder's groups: `MINIMAL`, `SYSTEM`, `USER`, `ALL`..."""
    ports: Mapping[str, Sequence[str]]
    """Ports by name, each with its dependencies."""
    port_variants: Mapping[str, str]
    """Variants of ports (`libpng-mt`), and the port of each."""
    list_values: Mapping[str, Sequence[str]]
    """Names that are also valid in list values of ports' options (`sdl2_mixer:formats`) or of settings."""
    unlisted: Mapping[str, Library] = field(default_factory=dict)
    """Libraries that links need but embuilder does not list: selected by exact name only."""

    def library(self, target: str) -> Library | None:
        """The library with this name, listed by embuilder or not; None if there is none."""
        return self.libraries.get(target) or self.unlisted.get(target)

    def knows(self, name: str) -> bool:
        """Whether this is the name of a library, a port, a variant of a port, or a group."""
        return bool(self.library(name)) or any(name in known for known in (self.ports, self.port_variants, self.groups))

    def goes_on(self, port: str, name: str) -> bool:
        """Whether `name`, after a comma, is a further value of the last option of a port (`sdl2_mixer:formats=mp3`)."""
        first, options = split(port)
        option = options[-1][0]
        values = self.list_values.get(option, ()) or self.list_values.get(f'{self.port_variants.get(first, first)}:{option}', ())
        return name in values or not self.knows(name)

    def expand(self, names: Iterable[str]) -> list[str]:
        """The targets for `names` (targets, ports, patterns or groups), in order, without duplicates. Raises
        `UnknownNameError` for a name or pattern without a match."""
        known = [*self.libraries, *self.ports, *self.port_variants]
        found: dict[str, None] = {}
        for name in names:
            if name in self.groups:
                found.update(dict.fromkeys(self.groups[name]))
            elif self.library(name) or name in self.ports or name in self.port_variants or self._is_port(name):
                found[name] = None
            elif matches := fnmatch.filter(known, name) if set('*?[') & set(name) else []:
                found.update(dict.fromkeys(matches))
            else:
                raise UnknownNameError('target', split(name)[0], [*known, *self.groups],
                                       hint=f'`emroot list --features {",".join(self.mode.features)}` lists them')
        return list(found)

    def _is_port(self, name: str) -> bool:
        """Whether it is the file of a port, or a port with options or settings (`sdl2_image:formats=png`)."""
        first, options = split(name)
        return first.endswith('.py') or (bool(options) and first in self.ports)


class Member(NamedTuple):
    """One compile of a library, and the name of its object in the archive."""

    source: str
    """The path on the command line: relative to a directory three levels below the SDK, or `{sdk}/...`."""
    name: str
    argv: tuple[str, ...]
    """Compiler and arguments; `{sdk}`, `{cache}`, `{source}` and `{object}` stand for paths."""


class Recipe(NamedTuple):
    """How a target is made: its members in the SDK's order, and how they are archived."""

    mode: Mode
    target: str
    path: str
    family: str
    """The library of which this is a variant."""
    how: str
    """`archive` (llvm-ar), `copy` (a single object), or another value for targets of embuilder."""
    members: tuple[Member, ...]


class Catalogue:
    """Queries an SDK, and caches the answers, which never change: processes may share the cache."""

    def __init__(self, sdk: Sdk, home: Home) -> None:
        self.sdk = sdk
        #: The directory of cached answers, by the digest of the SDK.
        self.memo = home.memo / 'probe' / sdk.digest[:32] / f'{programs_digest()[:12]}-{schemas.CATALOGUE_CACHE}'
        self.config = self.memo / 'emscripten.config'
        #: The directory of the SDK's compiled Python modules.
        self.bytecode = self.memo / 'bytecode'
        self._listings: dict[Mode, Listing] = {}

    def listing(self, mode: Mode) -> Listing:
        if mode not in self._listings:
            memo_file = self._listing_memo(mode)
            memo = read_checked_json(memo_file)
            if not memo:
                memo = self._ask('listing', mode)
                write_checked_json(memo_file, memo)
            unlisted = read_checked_json(self._unlisted(mode)) or {}
            self._listings[mode] = Listing(
                mode=mode, libraries=_libraries(memo['libraries']), groups=memo['groups'], ports=memo['ports'],
                port_variants=memo['port_variants'], list_values=memo['list_values'], unlisted=_libraries(unlisted))
        return self._listings[mode]

    def is_cached(self, mode: Mode) -> bool:
        return mode in self._listings or self._listing_memo(mode).is_file()

    def add_unlisted(self, mode: Mode, unlisted: Mapping[str, Any]) -> None:
        """Add libraries that a link needs but embuilder does not list (`resolution.py`)."""
        if not unlisted.keys() <= self.listing(mode).unlisted.keys():
            memo_file = self._unlisted(mode)
            write_checked_json(memo_file, {**(read_checked_json(memo_file) or {}), **unlisted})
            del self._listings[mode]

    def _unlisted(self, mode: Mode) -> Path:
        return self.memo / mode.name / 'unlisted.json'

    def _listing_memo(self, mode: Mode) -> Path:
        return self.memo / mode.name / 'list.json'

    def recipes(self, mode: Mode, targets: Iterable[str]) -> dict[str, Recipe]:
        """The recipes of those `targets` (exact names) that are libraries of `mode`."""
        libraries = [target for target in targets if re.fullmatch(_LIBRARY, target)]
        if self.is_cached(mode):  # else that question is spared: the answer to this one tells, too
            libraries = [target for target in libraries if self.listing(mode).library(target)]
        memo_files = {target: self.memo / mode.name / f'{target}.json' for target in libraries}
        memos = {target: read_checked_json(memo_file) for target, memo_file in memo_files.items()}
        unknown = [target for target, memo in memos.items() if not memo]
        if unknown:
            unlisted = {target: {'family': fields['family'], 'vary': fields['vary']}
                        for target, fields in (read_checked_json(self._unlisted(mode)) or {}).items() if target in unknown}
            answer = self._ask('recipes', mode, targets=unknown, unlisted=unlisted)
            for target in answer['libraries']:
                memo = memos[target] = _split(answer, target)
                write_checked_json(memo_files[target], memo)
        return {target: _recipe(mode, target, memo) for target, memo in memos.items() if memo}

    def expand(self, mode: Mode, names: Iterable[str]) -> list[str]:
        """See `Listing.expand`. A listing that is not cached is queried only for other names than of libraries."""
        unique = list(dict.fromkeys(names))
        if (not self.is_cached(mode) and all(re.fullmatch(_LIBRARY, name) for name in unique)
                and self.recipes(mode, unique).keys() >= set(unique)):
            return unique
        return self.listing(mode).expand(unique)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment for this SDK's own programs: only its own tools, plus `extra`."""
        text = self.sdk.config_text
        if read_file(self.config) != text.encode():
            try:
                write_text(self.config, text)
            except OSError as error:
                if is_shortage(error):
                    raise from_os_error(error, 'preparing the home') from error
                self.config = temporary_file('emscripten.config', text)
        return pure_environment({'EM_CONFIG': str(self.config), **(extra or {})})

    def _ask(self, question: str, mode: Mode, **request: Any) -> dict[str, Any]:
        return ask(self.sdk.python, self.sdk.root, question, self.environment(), embuilder_flags=mode.embuilder_flags,
                   bytecode=self.bytecode, **request)


def _split(answer: Mapping[str, Any], target: str) -> dict[str, Any]:
    """One target's part of an answer, with only the commands that it uses."""
    library = answer['libraries'][target]
    used = sorted({index for _, _, index in library['objects']})
    return {**library, 'commands': [answer['commands'][i] for i in used],
            'objects': [[source, name, used.index(index)] for source, name, index in library['objects']]}


def _libraries(described: Mapping[str, Mapping[str, Any]]) -> dict[str, Library]:
    return {target: Library(target=target, **fields) for target, fields in described.items()}


def _recipe(mode: Mode, target: str, memo: Mapping[str, Any]) -> Recipe:
    commands = [tuple(argv) for argv in memo['commands']]
    members = tuple(Member(source=source, name=name, argv=commands[index]) for source, name, index in memo['objects'])
    return Recipe(mode=mode, target=target, path=memo['path'], family=memo['family'], how=memo['how'], members=members)
