"""Debian's package index: the packages of an SDK."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

#: Dependencies that an SDK does not need as a cross compiler: the native toolchain, interpreters that emroot
#: finds elsewhere, and files of programs that are not installed.
CUT = re.compile(r'''ccache | nodejs | python3.* | libc6-dev | libc-dev | binutils | lib(stdc\+\+|gcc|objc)-\d+-dev
    | libclang1-.* | llvm-[\d.]+-runtime | debconf.* | openssl.* | libc-gconv-modules-extra | gcc-\d+-base
    | node-xtend | libsasl2-modules-db | perl.* | libc-bin | ca-certificates''', re.VERBOSE)


@dataclass(frozen=True, kw_only=True)
class Package:
    """One binary package of a suite."""

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
        at = self._at.get(name)
        if at is None:
            at = self._provided.get(name)
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
