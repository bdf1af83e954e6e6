"""The text of a C or C++ file as far as it may define a name: what stands outside of bodies, its macros, and its includes.

Nothing is preprocessed: all branches of conditionals count, and macros are looked up by whoever reads this (`mentions.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

WORD = re.compile(r'\w+', re.ASCII)
_JOINED = re.compile(r'\\[ \t]*\r?\n')
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|include_next|import)\b[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>|(\S.*))?', re.MULTILINE)
_LITERAL = re.compile(r'\b(?:u8|[uUL])?R"([^()\\\s]{0,16})\(.*?\)\1"|//[^\n]*|/\*.*?\*/|'
                      r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.DOTALL)
_ESCAPE = re.compile(r'\\(?:[0-7]{1,3}|x[0-9A-Fa-f]+|.)|\W', re.DOTALL | re.ASCII)
_TOKEN = re.compile(r'^[ \t]*#[ \t]*(\w*)([^\n]*)|[{}();]', re.MULTILINE)
_DEFINE = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(\w+)(?:\([^)\n]*\))?([^\n]*)', re.MULTILINE | re.ASCII)
_NAMESPACE = re.compile(r'namespace[ \t]+((?:\w|[ \t]|::|\[\[[^\]]*\]\]|\([^)]*\))*)', re.ASCII)
_ALIAS = re.compile(r'using\s+(\w+)[^=;{}()]*=\s*([^;{}]+)', re.ASCII)
_TYPEDEF = re.compile(r'typedef\s+([^;{}]+?)\b(\w+)\s*;', re.ASCII)
_COMMENT = re.compile(r'//.*|/\*.*?(?:\*/|$)')
#: Spellings that this does not understand: other signs for `#`, `{` and `}`, names with escapes, and strings without escapes.
_ODD = re.compile(r'\?\?[=/\'()!<>-]|<%|%>|%:|\\u[0-9A-Fa-f{]|[^\x00-\x7f](?=\w)|\$', re.ASCII)
_ODD_SIGNS = ('??', '<%', '%>', '%:', '\\u', '$')
_SILENT = re.compile(r'\s*(?:once\b|STDC\b|message\b|(?:GCC|clang)\s+(?:diagnostic|system_header|visibility|push|pop)\b)')
_IF, _ELSE = ('if', 'ifdef', 'ifndef'), ('else', 'elif', 'elifdef', 'elifndef')


@dataclass(frozen=True)
class Macro:
    """One definition of a macro."""

    name: str
    body: str

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its body."""
        return frozenset(WORD.findall(self.body))


@dataclass
class Outside:
    """What stands outside of bodies."""

    chunks: list[str] = field(default_factory=list)
    """The text up to each `;`, `{` or `}`, with that sign."""
    bodies: list[str] = field(default_factory=list)
    """The text in bodies."""
    inside: set[str] = field(default_factory=set)
    """Its words."""


class SourceText:
    """One file."""

    def __init__(self, path: str) -> None:
        with open(path, encoding='latin-1') as file:
            text = file.read()
        self.text = _JOINED.sub('', text) if '\\' in text else text

    @cached_property
    def words(self) -> frozenset[str]:
        """All words, those of comments included."""
        return frozenset(WORD.findall(self.text))

    @cached_property
    def includes(self) -> list[tuple[str, bool]]:
        """Names of included files, and whether they are quoted. An empty name: it cannot be told."""
        return [(quoted or bracketed, bool(quoted)) for quoted, bracketed, _ in _INCLUDE.findall(self.text)]

    @cached_property
    def macros(self) -> list[Macro]:
        """Its definitions of macros, those in comments included."""
        return [Macro(name, _COMMENT.sub(' ', body) if '/' in body else body)
                for name, body in _DEFINE.findall(self.text)]

    @cached_property
    def namespaces(self) -> set[str]:
        """Words that may name its namespaces."""
        return {word for words in _NAMESPACE.findall(self.text) for word in WORD.findall(words)}

    @cached_property
    def aliases(self) -> list[tuple[str, list[str]]]:
        """The names that it gives to types, and the words of each type."""
        return [*((name, WORD.findall(of)) for name, of in _ALIAS.findall(self.text)),
                *((name, WORD.findall(of)) for of, name in _TYPEDEF.findall(self.text))]

    @cached_property
    def outside(self) -> Outside | None:
        """What stands outside of bodies; None if that cannot be told."""
        plain = _LITERAL.sub(_plain, self.text)
        return None if _is_odd(plain) else _split(plain)


def _is_odd(plain: str) -> bool:
    may_be = not plain.isascii() or any(sign in plain for sign in _ODD_SIGNS)  # quick for most
    return may_be and _ODD.search(plain) is not None


def _plain(match: re.Match[str]) -> str:
    """A literal as its words, and a comment as a space."""
    text = match[0]
    return f'"{_ESCAPE.sub(" ", text[1:-1])}"' if text[0] in '"uULR' else ' '


class _Branches:
    """The branches of conditionals, of which any may count: the depth after them is the least that it can be."""

    def __init__(self) -> None:
        self._open: list[list[tuple[int, int] | None]] = []

    def next(self, what: str, state: tuple[int, int]) -> tuple[int, int]:
        """The depth of braces and that of parentheses after a directive."""
        if what in _IF:
            self._open.append([state, None, state])  # before; after the branches so far; if none of them counts
            return state
        if not self._open:
            return 0, state[1]
        before, after, none = self._open[-1]
        ended = _least(after, state)
        if what == 'endif':
            self._open.pop()
            return _least(none, ended)
        self._open[-1] = [before, ended, None if what == 'else' else none]
        return before or state


def _least(one: tuple[int, int] | None, other: tuple[int, int]) -> tuple[int, int]:
    return (min(one[0], other[0]), max(one[1], other[1])) if one else other


def _split(text: str) -> Outside | None:
    """Bodies are told by their braces. `depth` is never more than the real one, so that what is taken for a body is one."""
    out, branches = Outside(), _Branches()
    depth = parentheses = began = 0
    pieces: list[str] = []
    for match in _TOKEN.finditer(text):
        sign, at = match[0], match.start()
        was = depth
        if match[1] is not None:
            what = match[1]
            if what in _IF or what in _ELSE or what == 'endif':
                depth, parentheses = branches.next(what, (depth, parentheses))
            elif what == 'pragma' and not _SILENT.match(match[2]):
                out.chunks.append(f'#pragma{match[2]};')
            if was == 0:
                pieces.append(text[began:at])
                began = match.end()
                if depth:
                    out.chunks.append(''.join(pieces))
                    pieces.clear()
        elif depth:
            depth += (sign == '{') - (sign == '}')
        elif sign in '()':
            parentheses = max(0, parentheses + (1 if sign == '(' else -1))
        else:
            pieces.append(text[began:match.end()])
            chunk, began = ''.join(pieces), match.end()
            pieces.clear()
            out.chunks.append(chunk)
            depth = int(sign == '{' and not parentheses and not _is_transparent(chunk))
            if sign != '{' or depth:
                parentheses = 0
        if was and not depth:
            out.bodies.append(text[began:at])
            out.inside.update(WORD.findall(out.bodies[-1]))
            began = match.end()
    out.chunks.append(''.join([*pieces, text[began:]]))
    return None if depth else out


def _is_transparent(head: str) -> bool:
    """Whether what follows is a scope, and not a body."""
    return bool(re.search(r'\b(?:namespace|extern\s*"C|NAMESPACE|EXTERN_C)\b', head))


def reachable(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    """Words or files, those that follow each of them, and so on."""
    found = set(start)
    todo = list(found)
    while todo:
        for each in following(todo.pop()):
            if each not in found:
                found.add(each)
                todo.append(each)
    return found
