"""Words: a superset of the unmangled names that an archive defines, from preprocessing alone. For archives of
which a link probably uses nothing.

Each unmangled name that a source defines is a word of its preprocessed text: there, macros are expanded and
`##` is applied. So all words of the text are a bound. It may be wide, as long as the link needs none of the
words. Declarations in headers and calls make it too wide; most of these names are in JavaScript. A prototype
without a body and a using-declaration define nothing, and an operand after an operator such as `=` or `||` is
not being defined. Their words are left out.

The bound needs sources without ways to define one name by the declaration of another (`_OTHERWISE`). Such
sources, and those whose symbols the front end does not decide (`ir_symbols.py`), have no bound. Mangled names are
not words: callers have to assume that all of them are defined.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from ..engine.build import Build
from ..engine.workers import Workers
from ..keys.plan import Archive, Compile
from ..symbol_index import MemberSymbols, SymbolIndex
from ..symbol_index.storage import IDENTIFIERS, find_index, store_index
from .ir_symbols import PREPROCESS, TAGS, can_be_scanned, gives_bitcode, run_front_end
from .member_builder import mapped_context

#: The one member of an index of words.
MEMBER = 'words'
#: Constructs with which a declaration is a definition, or a string names one.
_OTHERWISE = {b'asm', b'__asm', b'__asm__', b'alias', b'__alias__', b'ifunc', b'__ifunc__', b'weakref', b'__weakref__'}
#: Symbols that clang adds: for destructors during exceptions, and for `main`.
_MADE, _MAIN = {'__clang_call_terminate', *TAGS}, {'__main_void', '__main_argc_argv', '__original_main'}
_WORD = re.compile(rb'[A-Za-z_]\w*')
_PRAGMA = re.compile(rb'^[ \t]*#.*$', re.MULTILINE)
_CHUNK = re.compile(rb'[^;{}]+[;{}]?')
_ATTRIBUTE = rb'__attribute__\s*\(\((?:[\w\s,"]|\([^()]*\))*\)\)'
#: A declaration of one function with C types: `ATTRIBUTES TYPE NAME(PARAMETERS) ATTRIBUTES;`.
_PROTOTYPE = re.compile(rb'\s*(?:extern\s+"C"\s+)?(?:' + _ATTRIBUTE + rb'\s*)*(?:[A-Za-z_]\w*[\s*]+)+[A-Za-z_]\w*\s*'
                        rb'\(([\w\s*,\[\]]*)\)(?:\s|noexcept\b|' + _ATTRIBUTE + rb')*;')
#: Names that are certainly types: POSIX reserves them.
_TYPEDEF = re.compile(rb'^\s*typedef\s[^;{}]*\b(\w+_t)\s*;')
_USING = re.compile(rb'\s*using\s[\w\s:]+(?:' + _ATTRIBUTE + rb'\s*)*;')
#: Names in expressions: those after an operator that cannot precede a declared name.
_IN_EXPRESSION = re.compile(rb'(?:[=!?|+/%]|\breturn\b)[\s(]*[A-Za-z_]\w*')
_TYPES = {b'void', b'char', b'short', b'int', b'long', b'float', b'double', b'signed', b'unsigned', b'_Bool', b'bool', b'const'}
_OPERATORS = {b'sizeof', b'alignof', b'_Alignof', b'__alignof', b'__alignof__', b'new', b'delete', b'throw', b'co_await',
              b'co_yield', b'not', b'compl', b'and', b'or', b'xor', b'bitand', b'bitor', b'not_eq', b'__extension__', b'__real',
              b'__imag', b'__real__', b'__imag__', b'requires'}
_PAIR = re.compile(rb'[A-Za-z_]\w*\s+[A-Za-z_]')


def archive_identifiers(build: Build, archive: Archive, compiles: Mapping[str, Compile]) -> SymbolIndex | None:
    """An index with one member that defines a superset of the names that are words and that any member of
    the archive defines. None if there is no such bound. It is stored for other links."""
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
        compilers = Workers(build.context)
        run_front_end(own, mapped_context(build), compilers.env, compilers.pool, PREPROCESS, take)
        names = identifiers_in(chunks)
        if len(done) != len(own) or names is None:
            return None
        index = SymbolIndex((MemberSymbols(MEMBER, tuple(sorted(names)), (), bitcode.pop()),))
        store_index(build.store, archive.key, index, IDENTIFIERS)
    return index


def split_text(text: bytes) -> Iterator[bytes]:
    """The parts of a preprocessed text: each pragma, and the rest between `;`, `{` and `}`."""
    yield from set(_PRAGMA.findall(text))
    yield from set(_CHUNK.findall(_PRAGMA.sub(b'', text)))


def identifiers_in(chunks: Iterable[bytes]) -> set[str] | None:
    """The names that are words and that a text of these parts may define; None if it has other ways to
    define a name."""
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
    """Whether the part declares one function and defines nothing. `T f(a);` may be a variable, so a
    parameter has to be visible: a type, or two words in a row, which an expression without operators
    cannot have."""
    match = _PROTOTYPE.fullmatch(chunk)
    if not match:
        return False
    parameters = match[1].strip()
    words = set(_WORD.findall(parameters))
    return not parameters or (not words & _OPERATORS and bool(words & types or _PAIR.search(parameters)))


def is_identifier(name: str) -> bool:
    """Whether the words of a text can exclude that it defines this name."""
    return not name.startswith('_Z') and name.isascii() and name.isidentifier()
