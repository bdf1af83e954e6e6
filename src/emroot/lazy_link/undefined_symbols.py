"""Links that fail, and would fail with whole archives, too: a check of a configure script that is meant to find nothing.

wasm-ld refuses a link for names that nothing defines. If it loaded no stand-in until then, it went the way that it goes with
whole archives (`link.py`): what it loaded is the same and real, and of all other members it knows the names that they define.
Names that no member of any archive defines are therefore missing from whole archives as well, and it says so in the same words,
which depend on what was loaded alone. Any other complaint is left to whole archives.

This trusts indexes in what they do not have. A second witness is asked: an object cannot define a name that its source does not
mention. Where a source that was not compiled mentions all of a name, the compiler's front end says whether it defines it
(`ir_symbols.py`). Only macros that put a name together escape both witnesses, and these have to be wrong together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from ..engine.build import Build
from ..keys.plan import Archive

_ERROR = re.compile(r'^\S*wasm-ld\S*: error: (.*)$', re.MULTILINE)
_MISSING = re.compile(r'(?:.*: )?undefined symbol: (\S+?)(?:\. Required by \S+)?|symbol exported via --export not found: (\S+)')
_WORD = re.compile(r'[A-Za-z_]\w*')


class LinkRefused(Exception):
    """The linker refuses a link, and would so with whole archives; what it said was passed on. Says which names are missing."""


def undefined_symbols(stderr: str) -> set[str]:
    """The names that wasm-ld does not find, by what it said with `--no-demangle`; none if it had something else to say, too."""
    found: set[str] = set()
    for error in _ERROR.findall(stderr):
        match = _MISSING.fullmatch(error.strip())
        if not match:
            return set()
        found.add(match[1] or match[2])
    return found


def unconfirmed(build: Build, archive: Archive, names: Collection[str], known: Collection[str]) -> set[str]:
    """The members of an archive, but for those `known`, whose sources mention all of one of the names."""
    sources = {}
    for recipe in build.catalogue.recipes(archive.mode, [archive.target]).values():
        sources = {member.name: member.source for member in recipe.members if member.name not in known}
    wanted = [(name.startswith('_Z'), parts(name)) for name in names]
    root = build.catalogue.sdk.root
    return {member for member, source in sources.items() if _mentions(source_path(root, source), wanted)}


def parts(name: str) -> list[str]:
    """What a source has to mention to define a name: the name, or the longest of the names that a mangled one is made of."""
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
    """Where a source of a recipe lies."""
    return root.joinpath('system', 'lib', 'libc', source.replace('{sdk}', str(root)))
