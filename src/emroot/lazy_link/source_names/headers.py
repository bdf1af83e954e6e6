"""The files that sources may include, with their macros, namespaces and aliases: more than any compile reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cache, cached_property

from .source_text import Macro, SourceText, reachable

_HEADER_SUFFIXES = ('', '.h', '.hpp')


@dataclass(frozen=True)
class Dialect:
    """What a compile's language and options say about where its names come from."""

    cxx: bool
    private: tuple[str, ...]
    """Directories of the library's own headers."""
    public: tuple[str, ...]
    """Directories of headers that programs include, too."""
    compilers: str
    """The directory of the compiler's own headers, which define nothing but macros and static functions."""
    given: tuple[str, ...] = ()
    """The macros of the command line, `NAME=VALUE`."""


class TextReader:
    """Files by their paths, each read once. `text` raises `OSError` if one cannot be read."""

    def __init__(self) -> None:
        self.text, self.exists = cache(SourceText), cache(os.path.isfile)


class Headers:
    """The files that the sources of one dialect may include."""

    def __init__(self, dialect: Dialect, texts: TextReader, sources: Iterable[str]) -> None:
        self.dialect, self.texts = dialect, texts
        self._directories = (*dialect.private, *dialect.public, dialect.compilers)
        self._including: dict[str, list[str]] = {}
        self.unknown: set[str] = set()
        """Files with an include of which it cannot be told what it is."""
        self.macros: dict[str, list[Macro]] = {}
        self.is_public, self.is_class = cache(self._is_public), cache(self._is_class)
        self._named = cache(self._find_named)
        self.files = self._read(set(sources))
        """The sources, and all that they may include."""
        for file in self.files:
            for macro in texts.text(file).macros:
                self.macros.setdefault(macro.name, []).append(macro)
        for name, _, value in (word.partition('=') for word in dialect.given):
            self.macros.setdefault(name.partition('(')[0], []).append(Macro(name.partition('(')[0], value))

    def _read(self, sources: Set[str]) -> set[str]:
        seen, todo = set(sources), list(sources)
        while todo:
            file = todo.pop()
            for included in self._included(file):
                self._including.setdefault(included, []).append(file)
                if included not in seen:
                    seen.add(included)
                    todo.append(included)
        return seen

    def _included(self, file: str) -> set[str]:
        found = set[str]()
        for name, quoted in self.texts.text(file).includes:
            if not name:
                self.unknown.add(file)
            found.update(self._named(name))
            if quoted:
                found.update(self._in_directory(os.path.dirname(file), name))
        return found

    def _find_named(self, name: str) -> list[str]:
        """The files that an include with `<` may mean."""
        return [path for directory in self._directories for path in self._in_directory(directory, name)]

    def _in_directory(self, directory: str, name: str) -> list[str]:
        path = f'{directory}/{name}'
        is_file = self.texts.exists(path) and not (directory == self.dialect.compilers and name.endswith('intrin.h'))
        return [os.path.normpath(path)] if is_file else []

    def including(self, files: Iterable[str]) -> set[str]:
        """These files, and all that may include one of them, if by way of others."""
        return reachable(files, lambda file: self._including.get(file, ()))

    def _is_public(self, file: str) -> bool:
        """Whether programs include this header, too: from where it lies, or a copy. Only what is called a header is one."""
        return os.path.splitext(file)[1] in _HEADER_SUFFIXES and (
            file.startswith((*self.dialect.public, self.dialect.compilers)) or self._has_public_copy(file))

    def _has_public_copy(self, file: str) -> bool:
        return any(self.texts.exists(copy) and self.texts.text(copy).text == self.texts.text(file).text
                   for private in self.dialect.private if file.startswith(private + os.sep)
                   for copy in [f'{public}{file[len(private):]}' for public in self.dialect.public])

    def _is_class(self, word: str) -> bool:
        """Whether this cannot be the name of a namespace."""
        return not is_sequence(word, self.namespaces)

    @cached_property
    def namespaces(self) -> set[str]:
        """Words that may name namespaces, and pieces of such words."""
        named = {word for file in self.files for word in self.texts.text(file).namespaces}
        return reachable(named, lambda word: (part for macro in self.macros.get(word, ()) for part in macro.words))

    @cached_property
    def aliases_by_word(self) -> dict[str, set[str]]:
        """By words, the names of types that are made of them."""
        found: dict[str, set[str]] = {}
        for file in self.files:
            for name, words in self.texts.text(file).aliases:
                for word in words:
                    found.setdefault(word, set()).add(name)
        return found

    def aliases(self, word: str) -> set[str]:
        """The names that a class with this name may have, this one among them."""
        return reachable([word], lambda name: self.aliases_by_word.get(name, ()))


def is_sequence(name: str, words: Set[str]) -> bool:
    """Whether a name is one of the words, or several of them joined."""
    reachable = {0}
    for end in range(1, len(name) + 1):
        if any(name[start:end] in words for start in reachable):
            reachable.add(end)
    return len(name) in reachable
