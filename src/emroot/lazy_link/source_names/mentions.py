"""Which sources may define a name, from their text alone: no process is started, and nothing is preprocessed.

docs/explanation/lazy.md has the rules and why they hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Set
from dataclasses import dataclass
from functools import cache, partial

from .headers import Headers, is_sequence
from .mangled_names import OPERATORS, QUALIFIER, Needed, needed_words, operators_in, qualifying_words
from .source_text import WORD, SourceText, reachable

_ASSEMBLY = ('.s', '.S')
#: Words with which a declaration is a definition, or a string names one.
_OTHERWISE = frozenset({'asm', '__asm', '__asm__', 'alias', '__alias__', 'ifunc', '__ifunc__', 'weakref', '__weakref__',
                        'redefine_extname'})
_ATTRIBUTE = r'__attribute__\s*\(\((?:[\w\s,"]|\((?:[^()]|\([^()]*\))*\))*\)\)'
_BALANCED = r'\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)'
_PLAIN_BODY = re.compile(rf'(?:[\w\s*]|{_ATTRIBUTE})*', re.ASCII)
#: A declaration of a function, and of several.
_PROTOTYPE = re.compile(rf'\s*(?:{_ATTRIBUTE}\s*)*(?:\w+[\s*]+)+?(?:{_ATTRIBUTE}\s*)*(\w+)\s*{_BALANCED}\s*'
                        rf'((?:{_ATTRIBUTE}|\w|\s)*);', re.ASCII)
#: The same in C++, where what begins with any other type may be an object and its constructor's arguments.
_VOID_PROTOTYPE = re.compile(rf'\s*(?:\[\[[\w\s:,]*\]\]\s*)*(?:extern\s+)?void\s+(\w+)\s*{_BALANCED}\s*((?:\w|\s)*);', re.ASCII)
_PROTOTYPES = re.compile(rf'\s*((?:\w+[\s*]+)+?)((?:\w+\s*{_BALANCED}\s*,[\s*]*)+\w+\s*{_BALANCED})\s*;', re.ASCII)
_DECLARATOR = re.compile(rf'\w+\s*{_BALANCED}', re.ASCII)
_EXTERN = re.compile(rf'\s*extern\s+(?:\w|[\s*,\[\]]|{_ATTRIBUTE})*;', re.ASCII)
#: Parameters that cannot be anything else, and what initialises the members of an object.
_PARAMETERS = re.compile(r'\b(\w+)\s*\((?:\s*|[^(){}"]*(?:\w\s+[\w*&]|,)[^(){}"]*)\)', re.ASCII)
_INITIALIZED = re.compile(r'(\w\(\)\s*(?:noexcept\s*)?):(?!:)[^{}]*\{\Z', re.ASCII)
#: The beginning of a type's definition, and an explicit instantiation.
_TYPE = re.compile(r'\s*(?:template\s*<[^(){};]*>\s*)?(?:typedef\s+)?(?:struct|union|enum|class)\b'
                   rf'(?:[\w\s:,<>]|{_ATTRIBUTE})*\{{', re.ASCII)
_INSTANTIATION = re.compile(r'(?<!extern)\s+template\s*(?!\s*<)')
#: Language linkage: no name, and no macro stands in it.
_LINKAGE = re.compile(r'\bextern\s*"C(?:\+\+)?"')
#: What ends a statement. Where it stands in a string, it is not in a text without literals.
_STATEMENT_ENDS = re.compile('[;{}]')
#: Words before parentheses, and what makes a word the class of a member that is defined.
_CALLED, _SIGNS = re.compile(r'(\w+)\s*\(', re.ASCII), ('::', '<', '~', '##')
#: Words before parentheses that are no function's name.
_NOT_A_NAME = frozenset({'typeof', '__typeof', '__typeof__', '__attribute__', '__attribute', '_Alignas', 'alignas', 'sizeof',
                         'return', '_Static_assert', '_Generic', '_Atomic', 'decltype', 'if', 'while', 'for', 'switch'})
#: What may follow the parameters of a function that is only declared.
_ATTRIBUTES = frozenset({'const', 'noexcept', 'override'})


@dataclass(frozen=True)
class Chunk:
    """A declaration or definition, or a part of one: its words and what their macros stand for."""

    words: frozenset[str]
    joins: bool
    """Whether its words may be joined to others, by `##` or in the text of assembly."""
    instantiates: bool
    """Whether it may be an explicit instantiation."""


class SoughtNames:
    """Names that a link looks for, arranged for comparing. `is_class`: whether a word names classes, and no namespace; `aliases`:
    all names of a class."""

    def __init__(self, names: Collection[str], is_class: Callable[[str], bool],
                 aliases: Callable[[str], Collection[str]]) -> None:
        self.names = frozenset(names)
        self._mangled: dict[str, list[tuple[str, Needed]]] = {}
        self._enclosing: dict[str, list[str]] = {}
        self._is_class, self._aliases = is_class, aliases
        self._by_name = {name: needed_words(name) for name in self.names if name.startswith('_Z')}
        for name, needed in self._by_name.items():
            for word in needed.enclosing:
                self._enclosing.setdefault(word, []).append(name)
            for word in needed.names:
                for spelled in aliases(word.removesuffix(QUALIFIER)) if needed.by_alias else ():
                    self._mangled.setdefault(f'{spelled}{QUALIFIER}', []).append((name, needed))
                self._mangled.setdefault(word, []).append((name, needed))

    def found_in(self, chunk: Chunk, *, cxx: bool) -> set[str]:
        """The names that this may define."""
        found = set(self.names & chunk.words)
        if chunk.joins:
            joined = cache(partial(_is_joined, words=chunk.words, ends=tuple(chunk.words)))
            found.update(filter(joined, self.names))
            found.update(name for name, needed in self._by_name.items() if all(map(joined, needed.bare)) if cxx)
        if cxx and chunk.instantiates:
            found.update(name for word in self._enclosing.keys() & chunk.words for name in self._enclosing[word])
        for word in self._mangled.keys() & chunk.words if cxx else ():
            for name, needed in self._mangled[word]:
                if needed.loose or needed.by_alias or (needed.names <= chunk.words and (
                        not needed.owner or not self._is_class(needed.owner) or needed.owner in chunk.words
                        or not chunk.words.isdisjoint(self._aliases(needed.owner)))):
                    found.add(name)
        return found


def _is_joined(name: str, words: Set[str], ends: tuple[str, ...]) -> bool:
    """Whether a name is one of these words, or several of them joined. `ends`: the words."""
    return name in words or (name.startswith(ends) and name.endswith(ends) and is_sequence(name, words))


def _is_unusual(words: Set[str]) -> bool:
    return not _OTHERWISE.isdisjoint(words) or ('_Pragma' in words and 'weak' in words)


class Mentions:
    """What the files of one dialect may define."""

    def __init__(self, headers: Headers) -> None:
        self.headers, self._cxx, self._macros = headers, headers.dialect.cxx, headers.macros
        self._chunks, self._closure, self._is_plain = cache(self._read), cache(self._stands_for), cache(self._stands_for_words)
        self._joining = {name for name, macros in self._macros.items() if any('##' in macro.body for macro in macros)}

    def definitions(self, file: str) -> list[Chunk] | None:
        """What a file may define; None for anything. Of a header for programs these are functions with a body, in C: a program
        itself has the rest."""
        if file in self.headers.unknown:
            return None
        if not self.headers.is_public(file):
            return self._chunks(file)
        if self._cxx or file.startswith(self.headers.dialect.compilers) or self.headers.texts.text(file).outside is None:
            return []
        return self._chunks(file, bodies=True)

    def _read(self, file: str, *, bodies: bool = False) -> list[Chunk]:
        """What a file may define: its text outside of bodies, without mere declarations. `bodies`: only what may have a body."""
        text = self.headers.texts.text(file)
        outside = text.outside
        if outside is None or file.endswith(_ASSEMBLY):
            return [Chunk(self._everything(text), True, True)]
        found = []
        if _is_unusual(self._expand(outside.inside)):
            found.append(Chunk(self._in_bodies(text, outside.bodies), True, False))
        chunks = (_LINKAGE.sub('extern ', chunk) if '"' in chunk else chunk
                  for chunk in outside.chunks if not bodies or self._may_have_body(chunk))
        for part in (part for chunk in chunks for part in self._parts(chunk)):
            words = frozenset(WORD.findall(part))
            if not self._is_declaration(part, words):
                found.append(self._chunk(part, self._expand(words)))
        return found

    def _may_have_body(self, chunk: str) -> bool:
        return chunk.endswith('{') or next(iter(chunk.split(None, 1)), '') in self._macros

    def _in_bodies(self, text: SourceText, bodies: Iterable[str]) -> frozenset[str]:
        """What assembly and the like in bodies mention: the words of their statements. In C++, where a function may make up the
        text, and where it cannot be told what a statement is, everything."""
        found = frozenset[str]()
        for statement in (statement for body in bodies for statement in _STATEMENT_ENDS.split(body)):
            words = self._expand(WORD.findall(statement))
            if _is_unusual(words):
                if self._cxx or statement.count('(') != statement.count(')'):
                    return self._everything(text)
                found |= words
        return found

    def _everything(self, text: SourceText) -> frozenset[str]:
        """All that a source mentions, as if it defined that."""
        words = self._expand(text.words)
        return words | OPERATORS | {f'{word}{QUALIFIER}' for word in words} if self._cxx else words

    def _chunk(self, text: str, words: frozenset[str]) -> Chunk:
        joins = not self._joining.isdisjoint(words) or _is_unusual(words)
        if text.endswith('{') and not joins:
            words = self._expand(WORD.findall(self._without_parameters(text)))
        if self._cxx:
            words |= {*operators_in(text, words), *self._qualifiers(text, words)}
        return Chunk(words, joins, self._cxx and self._instantiates(text, words))

    def _qualifiers(self, text: str, words: frozenset[str]) -> Iterable[str]:
        """The classes, with `::`, of which this may define a member. A macro may bring words, signs, and what it is given."""
        given = {word for word in _CALLED.findall(text) if word in self._macros and not self._is_plain(word)}
        bodies = (macro.body for word in words for macro in self._macros.get(word, ()))
        if given or any(sign in body for body in bodies for sign in _SIGNS):
            return (f'{word}{QUALIFIER}' for word in words)
        return (f'{word}{QUALIFIER}' for word in words - set(WORD.findall(text)) | words & qualifying_words(text))

    def _parts(self, chunk: str) -> list[str]:
        """A declaration of several functions as one of each."""
        match = None if self._cxx else _PROTOTYPES.fullmatch(chunk)
        return [f'{match[1]} {each};' for each in _DECLARATOR.findall(match[2])] if match else [chunk]

    def _without_parameters(self, head: str) -> str:
        """The head of a function's definition without its parameters, which are at least two words or none."""
        def shorten(match: re.Match[str]) -> str:
            return match[0] if match[1] in self._macros or match[1] in _NOT_A_NAME else f'{match[1]}()'
        short = _PARAMETERS.sub(shorten, head)
        return _INITIALIZED.sub(r'\1{', short) if self._cxx else short

    def _instantiates(self, chunk: str, words: frozenset[str]) -> bool:
        bodies = (macro.body for word in words for macro in self._macros.get(word, ()))
        return 'template' in words and any(_INSTANTIATION.search(f' {text}') for text in (chunk, *bodies))

    def _is_declaration(self, chunk: str, words: frozenset[str]) -> bool:
        """Whether this defines no name for others. Macros in it have to be plain: they add no sign to it that says otherwise."""
        if not words or not all(map(self._is_plain, words)):
            return not words
        begins = chunk.split(None, 1)[0]
        if begins == 'static' or (self._cxx and re.match(r'\s*extern\s+template\b', chunk)) or _TYPE.fullmatch(chunk):
            return True
        if not chunk.endswith(';') or '=' in chunk:
            return False
        if begins == 'typedef' or (not self._cxx and _EXTERN.fullmatch(chunk)):
            return True
        match = (_VOID_PROTOTYPE if self._cxx else _PROTOTYPE).fullmatch(chunk)
        if not match or match[1] in _NOT_A_NAME or not self._macros.keys().isdisjoint((match[1], 'void')):
            return False
        after = WORD.findall(re.sub(_ATTRIBUTE, '', match[2]))
        return all(word in _ATTRIBUTES or word in self._macros for word in after)

    def _stands_for_words(self, word: str) -> bool:
        """Whether a word stands for words and attributes only, which make no definition of a declaration."""
        return not _is_unusual({word}) and all(not _is_unusual({each}) and _PLAIN_BODY.fullmatch(macro.body)
                                                for each in self._closure(word) for macro in self._macros.get(each, ()))

    def _expand(self, words: Iterable[str]) -> frozenset[str]:
        """Words, and those that they stand for as macros, and so on."""
        given = frozenset(words)
        return given.union(*(self._closure(word) for word in given & self._macros.keys()))

    def _stands_for(self, word: str) -> frozenset[str]:
        """All words that a macro stands for, this one among them; none for other words."""
        return frozenset(reachable([word], lambda name: (part for macro in self._macros.get(name, ()) for part in macro.words))
                         if word in self._macros else ())
