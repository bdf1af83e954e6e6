"""When do two compiles that differ only in macros of the command line have the same result?

**Claim.** Let two compiles have the same source, compiler and arguments but for `-D` and `-U`, and let M be the names whose
definition at the start differs. If no name of M can come up as a token while the first is preprocessed, both see the same
tokens, so their results are equal.

**Proof.** The preprocessor heeds the definition of a name only where a token of that name comes up: in a condition
(`#if`, `#ifdef`, `defined`), in text to be expanded, or in a directive. Until such a token comes up both runs have read the
same text in the same state, so by induction over what is read they read the same files and the same text. A token comes
up either because it stands in some file that was read (or in the value of a macro on the command line), or
because `##` joined it from tokens that did. So it is enough that for each name of M

1. no file of the closure of the first compile, nor any macro value on the command line, has it as a word; and
2. it cannot be cut into two or more pieces each of which is a word there, a word of a macro the compiler itself defines,
   or a run of digits and letters beginning with one (pasting makes longer words only from whole words).

Words are looked for in the text after joining lines that end in a backslash, comments and strings included, which can only
find too many. A file with `??/`, the trigraph for a backslash, counts as having every word.

What depends on the name without a token of it (`-dM`, `-fdebug-macro`) is not used when libraries are built.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .included_files import FileDigests, IncludedFiles

_WORD = re.compile(r'[A-Za-z0-9_$]+')
_JOINED = re.compile(r'\\[ \t]*\r?\n')
#: Words of clang's predefined macros (`clang -dM -E` on an empty file): parts of types, suffixes and numbers.
_PREDEFINED = frozenset(('char', 'double', 'float', 'int', 'long', 'short', 'signed', 'unsigned', 'void', 'wchar_t',
                         'L', 'U', 'u', 'u8', 'LL', 'UL', 'ULL', 'l', 'f', 'F'))


class TokenSets:
    """The words that occur in files. Each file is read once, for the names of interest."""

    def __init__(self, files: FileDigests, names: Iterable[str]) -> None:
        self._files = files
        self._names = frozenset(names)
        self._pieces = {name: {name[i:j] for i in range(len(name)) for j in range(i + 1, len(name) + 1)}
                        for name in self._names}
        self._interesting = frozenset().union(*self._pieces.values()) if self._pieces else frozenset()
        self._words: dict[str, frozenset[str]] = {}
        self._unions: dict[int, tuple[IncludedFiles, frozenset[str]]] = {}  # by identity; the closure is kept so that it stays

    def may_contain(self, name: str, closure: IncludedFiles, values: Iterable[str]) -> bool:
        """Whether the token `name` may occur in a compile with this closure and these macro values."""
        words = set(_PREDEFINED)
        for value in values:
            words.update(_WORD.findall(value))
        words |= self._words_of_all(closure)
        return name in words or _can_be_joined(name, words)

    def _words_of_all(self, closure: IncludedFiles) -> frozenset[str]:
        if id(closure) not in self._unions:
            union: set[str] = set()
            for file, _ in closure:
                union |= self._words_of(file)
            self._unions[id(closure)] = closure, frozenset(union)
        return self._unions[id(closure)][1]

    def _words_of(self, file: str) -> frozenset[str]:
        """The words of a file that are parts of names of interest."""
        if file not in self._words:
            text = self._files.path(file).read_text(encoding='latin-1')
            if '??/' in text:
                self._words[file] = self._interesting
            else:
                self._words[file] = self._interesting.intersection(_WORD.findall(_JOINED.sub('', text)))
        return self._words[file]


def _can_be_joined(name: str, words: set[str]) -> bool:
    """Whether `name` is a sequence of several `words`, or of these and runs that start with a digit."""
    reachable = {0}
    for end in range(1, len(name) + 1):
        for start in list(reachable):
            piece = name[start:end]
            if piece != name and (piece in words or (piece[0].isdigit() and start > 0)):
                reachable.add(end)
    return len(name) in reachable
