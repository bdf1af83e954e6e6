"""Failing links that would fail with whole archives, too: a check of a configure script that is meant to
fail.

wasm-ld fails for undefined symbols. If it loaded no stub before, it did the same as with whole archives
(`link.py`): everything that it loaded is real, and it knows the defined symbols of all other members. Symbols
that no member of any archive defines are therefore undefined with whole archives as well, with the same
message, which depends only on the loaded members. For any other message the link is repeated with whole
archives.

This depends on what indexes do not contain, so a second source has to agree: an object cannot define a name
that its source does not mention. If a source that was not compiled mentions all parts of a name, the
compiler's front end says whether it defines it (`ir_symbols.py`). Only a macro that assembles a name escapes
both, and then the index has to be wrong, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from ...engine.build import Build
from ...keys.plan import Archive

_ERROR = re.compile(r'^\S*wasm-ld\S*: error: (.*)$', re.MULTILINE)
_MISSING = re.compile(r'(?:.*: )?undefined symbol: (\S+?)(?:\. Required by \S+)?|symbol exported via --export not found: (\S+)')
_WORD = re.compile(r'[A-Za-z_]\w*')


class LinkRefused(Exception):
    """The link fails, and would fail with whole archives; the message was passed on. The text lists the
    undefined symbols."""


def undefined_symbols(stderr: str) -> set[str]:
    """The undefined symbols in the output of wasm-ld with `--no-demangle`; none if there are other errors,
    too."""
    found: set[str] = set()
    for error in _ERROR.findall(stderr):
        match = _MISSING.fullmatch(error.strip())
        if not match:
            return set()
        found.add(match[1] or match[2])
    return found


def unconfirmed(build: Build, archive: Archive, names: Collection[str], known: Collection[str]) -> set[str]:
    """The members of an archive, except `known`, whose sources mention all parts of one of the names."""
    sources = {}
    for recipe in build.catalogue.recipes(archive.mode, [archive.target]).values():
        sources = {member.name: member.source for member in recipe.members if member.name not in known}
    wanted = [(name.startswith('_Z'), parts(name)) for name in names]
    root = build.catalogue.sdk.root
    return {member for member, source in sources.items() if _mentions(source_path(root, source), wanted)}


def parts(name: str) -> list[str]:
    """What a source has to mention to define a name: the name itself, or the longest identifier in a
    mangled one."""
    if not name.startswith('_Z'):
        return [name]
    found = []
    for number in re.finditer(r'\d+', name):
        part = name[number.end():number.end() + int(number[0])]
        if len(part) == int(number[0]) and _WORD.fullmatch(part):
            found.append(part)
    return sorted(found, key=len)[-1:]


def _mentions(source: Path, wanted: Iterable[tuple[bool, list[str]]]) -> bool:
    said = words_of(source)
    if said is None:
        return True
    cxx = source.suffix not in ('.c', '.s', '.S')
    return any((cxx or not mangled) and said.issuperset(words) for mangled, words in wanted)


def words_of(source: Path) -> set[str] | None:
    """The words of a source; None if it cannot be read."""
    try:
        return set(_WORD.findall(source.read_text(encoding='latin-1')))
    except OSError:
        return None


def source_path(root: Path, source: str) -> Path:
    """The path of a source in a recipe."""
    return root.joinpath('system', 'lib', 'libc', source.replace('{sdk}', str(root)))
