"""What the sources of one dialect may define, as data: once kept, new names are compared with it, and no source is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .headers import Dialect, Headers, TextReader, is_sequence
from .mentions import Chunk, Mentions, SoughtNames
from .source_text import reachable


class Definitions:
    """Compares names with what `describe` gave."""

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self._cxx, self._members = bool(kept['cxx']), list(kept['members'])
        self._namespaces, self._aliases = frozenset(kept['namespaces']), kept['aliases']
        self._files = [(numbers, None if chunks is None else [Chunk(frozenset(words.split()), joins, instantiates)
                                                              for words, joins, instantiates in chunks])
                       for numbers, chunks in kept['files']]

    def words(self) -> set[str]:
        """All words that a declaration or definition mentions, among them the names that it may define, but for joined ones."""
        return {word for _, chunks in self._files for chunk in chunks or () for word in chunk.words}

    def may_define(self, names: Collection[str]) -> dict[str, set[str]]:
        """By member, the names that it may define."""
        sought = SoughtNames(names, lambda word: not is_sequence(word, self._namespaces), self._names_of)
        found: dict[str, set[str]] = {}
        for numbers, chunks in self._files:
            told = set(names) if chunks is None else set().union(*(sought.found_in(chunk, cxx=self._cxx) for chunk in chunks))
            for number in numbers if told else ():
                found.setdefault(self._members[number], set()).update(told)
        return found

    def _names_of(self, word: str) -> set[str]:
        return reachable([word], lambda name: self._aliases.get(name, ()))


def describe(dialect: Dialect, texts: TextReader, members: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What the sources of a dialect may define. `members`: the members of an archive by their source. Raises `OSError` if a file
    cannot be read."""
    headers, cxx = Headers(dialect, texts, members), dialect.cxx
    mentions = Mentions(headers)
    names = sorted({member for of_file in members.values() for member in of_file})
    number, files = {name: n for n, name in enumerate(names)}, []
    for file in sorted(headers.files):
        chunks = mentions.definitions(file)
        kept = None if chunks is None else list(_described(chunks, cxx=cxx))
        if kept != []:
            numbers = sorted({number[member] for each in headers.including([file]) for member in members.get(each, ())})
            files.append([numbers, kept])
    return {'cxx': cxx, 'members': names, 'files': files, 'namespaces': sorted(headers.namespaces) if cxx else [],
            'aliases': {word: sorted(of) for word, of in headers.aliases_by_word.items()} if cxx else {}}


def _described(chunks: Collection[Chunk], *, cxx: bool) -> Iterator[tuple[str, bool, bool]]:
    """Each chunk's words. In C they are compared one by one, unless they may be joined, so that they need not be kept apart."""
    apart = {chunk for chunk in chunks if cxx or chunk.joins}
    words = frozenset[str]().union(*(chunk.words for chunk in chunks if chunk not in apart))
    if words:
        yield ' '.join(sorted(words)), False, False
    yield from sorted({(' '.join(sorted(chunk.words)), chunk.joins, chunk.instantiates) for chunk in apart})
