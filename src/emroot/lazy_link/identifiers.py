"""Words: the names that an archive could define at most, for the price of preprocessing. For one that a link hardly pulls of.

What a source defines for others without mangling has a name that stands in its preprocessed text: macros are expanded there, what
they paste is pasted. So all words of that text are a bound, which may be as wide as it is while the link wants none of them.
Too wide is what headers declare and what is called: most of it JavaScript has. A prototype, which ends without a body, and a
using-declaration define nothing, and what follows an operator such as `=` or `||` is not being defined. Their words are left out.

That holds without the ways to define one name by another's declaration (`_OTHERWISE`). Sources with these, and those that the
front end does not settle (`ir_symbols.py`), have no such bound. Mangled names are not words: who uses this has to take any for
defined.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from ..engine.build import Build
from ..engine.execution.workers import Workers
from ..keys.plan import Archive, Compile
from ..symbol_index import MemberSymbols, SymbolIndex
from ..symbol_index.storage import IDENTIFIERS, find_index, store_index
from .ir_symbols import PREPROCESS, TAGS, can_be_scanned, gives_bitcode, run_front_end
from .member_builder import mapped_context

#: The one member of an index of words.
MEMBER = 'words'
#: What makes a definition of what looks like a declaration, or names a definition in a string.
_OTHERWISE = {b'asm', b'__asm', b'__asm__', b'alias', b'__alias__', b'ifunc', b'__ifunc__', b'weakref', b'__weakref__'}
#: What clang defines besides: in sources that call destructors while an exception is thrown, and for `main`.
_MADE, _MAIN = {'__clang_call_terminate', *TAGS}, {'__main_void', '__main_argc_argv', '__original_main'}
_WORD = re.compile(rb'[A-Za-z_]\w*')
_PRAGMA = re.compile(rb'^[ \t]*#.*$', re.MULTILINE)
_CHUNK = re.compile(rb'[^;{}]+[;{}]?')
_ATTRIBUTE = rb'__attribute__\s*\(\((?:[\w\s,"]|\([^()]*\))*\)\)'
#: A declaration of one function, of C's types: `ATTRIBUTES TYPE NAME(PARAMETERS) ATTRIBUTES;`.
_PROTOTYPE = re.compile(rb'\s*(?:extern\s+"C"\s+)?(?:' + _ATTRIBUTE + rb'\s*)*(?:[A-Za-z_]\w*[\s*]+)+[A-Za-z_]\w*\s*'
                        rb'\(([\w\s*,\[\]]*)\)(?:\s|noexcept\b|' + _ATTRIBUTE + rb')*;')
#: Of names that are given to types, those that POSIX leaves for nothing else.
_TYPEDEF = re.compile(rb'^\s*typedef\s[^;{}]*\b(\w+_t)\s*;')
_USING = re.compile(rb'\s*using\s[\w\s:]+(?:' + _ATTRIBUTE + rb'\s*)*;')
#: Names in expressions: what follows an operator that no declarator has before its name.
_IN_EXPRESSION = re.compile(rb'(?:[=!?|+/%]|\breturn\b)[\s(]*[A-Za-z_]\w*')
_TYPES = {b'void', b'char', b'short', b'int', b'long', b'float', b'double', b'signed', b'unsigned', b'_Bool', b'bool', b'const'}
_OPERATORS = {b'sizeof', b'alignof', b'_Alignof', b'__alignof', b'__alignof__', b'new', b'delete', b'throw', b'co_await',
              b'co_yield', b'not', b'compl', b'and', b'or', b'xor', b'bitand', b'bitor', b'not_eq', b'__extension__', b'__real',
              b'__imag', b'__real__', b'__imag__', b'requires'}
_PAIR = re.compile(rb'[A-Za-z_]\w*\s+[A-Za-z_]')


def archive_identifiers(build: Build, archive: Archive, compiles: Mapping[str, Compile]) -> SymbolIndex | None:
    """An index of one member that defines at least all names that are words and that any member of the archive defines; None if
    no such bound can be had. It is kept, for other links."""
    if known := find_index(build.store, archive.key, IDENTIFIERS):
        return known
    own = [compiles[key] for key in dict.fromkeys(key for _, key in archive.members)]
    bitcode = {gives_bitcode(each) for each in own}
    if len(bitcode) != 1 or not all(map(can_be_scanned, own)):
        return None
    done: list[Compile] = []
    chunks: set[bytes] = set()

    def take(group: Sequence[Compile], _sources: Sequence[str], output: bytes) -> None:
        chunks.update(split_text(output))
        done.extend(group)

    with build.store:
        compilers = Workers(build)
        run_front_end(own, mapped_context(build), compilers.env, compilers.pool, PREPROCESS, take)
        names = identifiers_in(chunks)
        if len(done) != len(own) or names is None:
            return None
        index = SymbolIndex((MemberSymbols(MEMBER, tuple(sorted(names)), (), bitcode.pop()),))
        store_index(build.store, archive.key, index, IDENTIFIERS)
    return index


def split_text(text: bytes) -> Iterator[bytes]:
    """The parts of a preprocessed text: each pragma, and the rest from one `;`, `{` or `}` to the next."""
    yield from set(_PRAGMA.findall(text))
    yield from set(_CHUNK.findall(_PRAGMA.sub(b'', text)))


def identifiers_in(chunks: Iterable[bytes]) -> set[str] | None:
    """The names that are words and that a text of such parts may define; None if it has other ways to define some."""
    words: set[bytes] = set()
    chunks = list(chunks)
    types = _TYPES.union(*(_TYPEDEF.findall(chunk) for chunk in chunks))
    for chunk in chunks:
        if not _OTHERWISE.isdisjoint(_WORD.findall(chunk)):
            return None
        if not _USING.fullmatch(chunk) and not _is_prototype(chunk, types):
            words.update(_WORD.findall(_IN_EXPRESSION.sub(b' ', chunk)))
    names = {word.decode() for word in words if not word.startswith(b'_Z')} | _MADE
    return names | _MAIN if 'main' in names else names


def _is_prototype(chunk: bytes, types: Set[bytes]) -> bool:
    """Whether this declares one function and defines nothing. `T f(a);` may be a variable: that these are parameters has to be
    seen, by a type in them, or by two words in a row, which no expression of such characters has without an operator."""
    match = _PROTOTYPE.fullmatch(chunk)
    if not match:
        return False
    parameters = match[1].strip()
    words = set(_WORD.findall(parameters))
    return not parameters or (not words & _OPERATORS and bool(words & types or _PAIR.search(parameters)))


def is_identifier(name: str) -> bool:
    """Whether the words of a text can say that it does not define this name."""
    return not name.startswith('_Z') and name.isascii() and name.isidentifier()
