"""Debian's package index: the packages of an SDK. Old indexes, which are signed as well, are not accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path

from ...errors import SdkError
from ...hashing import digest_record
from ...host.home import read_json, write_json
from .apt import Apt

#: apt's messages about an index that is past its `Valid-Until`, or not valid yet.
_EXPIRED = re.compile(r'is expired|is not valid yet')
#: Dependencies that an SDK does not need as a cross compiler: the native toolchain, interpreters that emroot
#: finds elsewhere, and files of programs that are not installed.
CUT = re.compile(r'''ccache | nodejs | python3.* | libc6-dev | libc-dev | binutils | lib(stdc\+\+|gcc|objc)-\d+-dev
    | libclang1-.* | llvm-[\d.]+-runtime | debconf.* | openssl.* | libc-gconv-modules-extra | gcc-\d+-base
    | node-xtend | libsasl2-modules-db | perl.* | libc-bin | ca-certificates''', re.VERBOSE)


@dataclass(frozen=True, kw_only=True)
class Package:
    name: str
    version: str
    filename: str
    size: int
    sha256: str
    depends: tuple[tuple[str, ...], ...]
    """For each dependency, the names of the alternatives."""

    @property
    def upstream(self) -> str:
        """The upstream version: `6.0.5` of `1:6.0.5+dfsg+~1.41.5-2`."""
        return re.split(r'[-+~]', self.version.partition(':')[2] or self.version)[0]


class PackageIndex:
    """A `Packages` file. Only requested stanzas are parsed: there are some seventy thousand."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = {m.group(1).decode(): m.start() for m in re.finditer(rb'^Package: (\S+)', text, re.MULTILINE)}

    def get(self, name: str) -> Package | None:
        """The package with this name, or one that provides it."""
        at = self._at[name] if name in self._at else self._provided.get(name)
        if at is None:
            return None
        end = self._text.find(b'\n\n', at)
        stanza = self._text[at:end if end >= 0 else None].decode(errors='replace')
        fields = dict(re.findall(r'^([\w-]+): (.*)$', stanza, re.MULTILINE))
        depends = ', '.join(fields[f] for f in ('Pre-Depends', 'Depends') if f in fields)
        return Package(name=fields['Package'], version=fields['Version'], filename=fields['Filename'],
                       size=int(fields['Size']), sha256=fields['SHA256'], depends=tuple(_relations(depends)))

    @cached_property
    def _provided(self) -> dict[str, int]:
        found: dict[str, int] = {}
        starts = sorted(self._at.values())
        rank = 0
        for match in re.finditer(rb'^Provides: (.*)$', self._text, re.MULTILINE):
            while rank + 1 < len(starts) and starts[rank + 1] < match.start():
                rank += 1
            for names in _relations(match.group(1).decode(errors='replace')):
                found.setdefault(names[0], starts[rank])
        return found

    def closure(self, name: str, cut: re.Pattern[str] = CUT) -> list[Package]:
        """A package and its dependencies, sorted by name, without those that match `cut`."""
        found: dict[str, Package] = {}
        pending = [name]
        while pending:
            package = self.get(pending.pop())
            if package is None or package.name in found or cut.fullmatch(package.name):
                continue
            found[package.name] = package
            for alternatives in package.depends:
                if not any(cut.fullmatch(a) for a in alternatives):
                    pending += [a for a in alternatives if self.get(a)][:1]
        return [found[key] for key in sorted(found)]


def _relations(text: str) -> Iterator[tuple[str, ...]]:
    """`a (>= 1), b:any | c` -> ('a',), ('b', 'c')."""
    for relation in text.split(','):
        names = tuple(re.split(r'[\s(:\[<]', a.strip())[0] for a in relation.split('|') if a.strip())
        if names:
            yield names


class StaleIndexError(SdkError):
    """A correctly signed index that is too old or expired. Another suite does not help."""


def update(apt: Apt, kept: Path) -> None:
    """Download a suite's index, whose date must not be before that of the last one from the same address, which
    is in the directory `kept`. Raises `StaleIndexError`; `SdkError` if the download fails."""
    try:
        apt.update()
    except SdkError as error:
        if not _EXPIRED.search(error.message):
            raise
        raise StaleIndexError(f'the index of {apt.suite} in the package source is not valid now: {error.message}',
                              hint='check the clock of this machine; if it is right, the package server is out of date: '
                                   'use another mirror in the sources of apt, or `--from emsdk`') from error
    memo = kept / f'{digest_record([apt.uri, apt.suite])[:32]}.json'
    date, before = _parsed(apt.date()), _parsed(str((read_json(memo) or {}).get('date', '')))
    if before and (not date or date < before):
        raise StaleIndexError(f'the index of {apt.suite} in the package source has the date {date or "none"}, but earlier it had '
                              f'{before}: the server offers an old index',
                              hint='try again later, use another mirror in the sources of apt, or '
                              f'`--from emsdk`; if this is intended, delete {memo}')
    if date:
        write_json(memo, {'suite': apt.suite, 'date': date.isoformat()})


def _parsed(text: str) -> datetime | None:
    """A time in the format of signed files, or of the record; None if it is invalid."""
    try:
        found = datetime.fromisoformat(text) if text[:4].isdecimal() else parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)
