"""Failing links that would fail with whole archives, too: a check of a configure script that is meant to fail.

wasm-ld fails for undefined symbols. If it loaded no stub before, it did the same as with whole archives (`link.py`): everything
that it loaded is real, and it knows the defined symbols of all other members. Symbols that no member of any archive defines are
therefore undefined with whole archives as well, with the same message, which depends only on the loaded members. For any other
message the link is repeated with whole archives.

This depends on what indexes do not contain, so a second source has to agree: an object cannot define a name that its source does
not mention. If a source that was not compiled mentions the longest part of a name, the compiler's front end says whether it
defines it (`ir_symbols.py`). Only a macro that assembles a name escapes both, and then the index has to be wrong, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ...engine.build import Build
from ...keys.plan import Archive
from ..source_names.mangled_names import identifiers_of
from ..source_names.source_text import WORD

_ERROR = re.compile(r'^\S*wasm-ld\S*: error: (.*)$', re.MULTILINE)
_MISSING = re.compile(r'(?:.*: )?undefined symbol: (\S+?)(?:\. Required by \S+)?|symbol exported via --export not found: (\S+)')


class LinkRefused(Exception):
    """The link fails, and would fail with whole archives; the message was passed on. The text lists the undefined symbols."""


def undefined_symbols(stderr: str) -> set[str]:
    """The undefined symbols in the output of wasm-ld with `--no-demangle`; none if there are other errors, too."""
    found: set[str] = set()
    for error in _ERROR.findall(stderr):
        match = _MISSING.fullmatch(error.strip())
        if not match:
            return set()
        found.add(match[1] or match[2])
    return found


def names_in_sources(build: Build, archive: Archive, names: Collection[str], known: Collection[str]) -> dict[str, set[str]]:
    """By member of an archive, except `known`, the names that its source may define: those of which it mentions the longest
    part, and all if it cannot be read."""
    by_part: dict[str, list[str]] = {}
    for name in names:
        by_part.setdefault(longest_part(name), []).append(name)
    root, found = build.catalogue.sdk.root, {}
    for member in build.catalogue.recipes(archive.mode, [archive.target])[archive.target].members:
        if member.name not in known:
            source = root.joinpath('system', 'lib', 'libc', member.source.replace('{sdk}', str(root)))
            try:
                words = {'', *WORD.findall(source.read_text(encoding='latin-1'))}
            except OSError:
                found[member.name] = set(names)
                continue
            mangles = source.suffix not in ('.c', '.s', '.S')
            found[member.name] = {name for part in by_part.keys() & words for name in by_part[part]
                                  if mangles or not name.startswith('_Z')}
    return found


def longest_part(name: str) -> str:
    """What a source has to mention to define a name: the name itself, or the longest identifier in a mangled one, if any."""
    return max(sorted(identifiers_of(name)), key=len, default='') if name.startswith('_Z') else name
