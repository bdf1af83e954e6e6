"""The plan of a build: each distinct compile and archive once, with its key: the sha256 of a plain record
(canonical JSON). Equal keys mean equal bytes, so a compile of several targets, modes or cache directories is in the
plan, and in the store, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .. import schemas
from ..hashing import Record, digest_record
from ..libraries.catalogue import Recipe
from ..modes import Mode
from ..sdk import Sdk


@dataclass(frozen=True, kw_only=True)
class Compile:
    key: str
    argv: tuple[str, ...]
    source: str

    @property
    def name(self) -> str:
        return self.source.rsplit('/', 1)[-1]


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One target in one mode: its file, and the compiles of its members, in order."""

    key: str
    mode: Mode
    target: str
    path: str
    how: str
    members: tuple[tuple[str, str], ...]
    """(object name, key of its compile)"""

    @property
    def name(self) -> str:
        return f'{self.mode}/{self.target}'


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All archives of a request, in order, and their compiles by key."""

    archives: tuple[Archive, ...]
    compiles: Mapping[str, Compile]


def make_plan(sdk: Sdk, recipes: Iterable[Recipe]) -> Plan:
    compiles: dict[str, Compile] = {}
    archives = []
    seen: dict[tuple[tuple[str, ...], str], str] = {}
    for recipe in recipes:
        members = []
        for member in recipe.members:
            identity = (member.argv, member.source)
            if identity not in seen:
                seen[identity] = digest_record(compile_record(sdk, member.argv, member.source))
                compiles[seen[identity]] = Compile(key=seen[identity], argv=member.argv, source=member.source)
            members.append((member.name, seen[identity]))
        archives.append(Archive(key=digest_record(archive_record(sdk, recipe.how, members)), mode=recipe.mode,
                                target=recipe.target, path=recipe.path, how=recipe.how, members=tuple(members)))
    return Plan(archives=tuple(archives), compiles=compiles)


def compile_record(sdk: Sdk, argv: tuple[str, ...], source: str) -> Record:
    """The inputs that determine an object. Paths of the SDK and of the cache directory are not among them:
    compiles map them to fixed names (see `engine/command_lines/compile_context.py`)."""
    return {'schema': schemas.KEYS, 'kind': 'object', 'compiler': sdk.parts['compiler'], 'sources': sdk.parts['sources'],
            'version': sdk.version, 'argv': list(argv), 'source': source}


def archive_record(sdk: Sdk, how: str, members: list[tuple[str, str]]) -> Record:
    """The inputs that determine an archive: the archiver, and the members' names and keys in order."""
    return {'schema': schemas.KEYS, 'kind': how, 'archiver': sdk.parts['archiver'], 'members': members}
