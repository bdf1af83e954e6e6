"""What a source has to mention to define a C++ name, from its mangled form (the Itanium ABI)."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cache

_SPECIAL = re.compile(r'T[VTISWHC]|GV|GR|Th[n\d]\w*?_|Tv[n\d]*_[n\d]*_')
_STANDARD = {'Sa': 'allocator', 'Sb': 'basic_string', 'Ss': 'basic_string', 'Si': 'basic_istream', 'So': 'basic_ostream',
             'Sd': 'basic_iostream'}
_ALLOCATION = re.compile(r'(n[wa]|d[la])(?=[a-zPKRS])')
#: Types whose information the compiler adds to the file that defines `__fundamental_type_info`.
_FUNDAMENTAL = re.compile(r'(?:P|PK)?(?:[a-z]|D[ihsdefnu])')
#: What begins an entity of a function, and a nested name with its qualifiers.
_PREFIX = re.compile('Z*(N[rVKRO]*)?')
_LITERAL = re.compile(r'L[a-z]n?\d*E')
_SUBSTITUTION = re.compile(r'[TS][\dA-Z]*_|S[a-z]')
_NUMBER = re.compile(r'\d+')
#: What the compiler adds to the file that defines a member of a class.
_OF_CLASS = ('TV', 'TI', 'TS', 'TT')
OPERATOR, QUALIFIER = 'operator', '::'
#: How operators are spelled, by their codes in mangled names.
_SPELLED = '''nw:new na:new dl:delete da:delete aw:co_await co:~ pl:+ ps:+ mi:- ng:- ml:* de:* dv:/ rm:% an:& ad:& or:| eo:^ aS:=
    pL:+= mI:-= mL:*= dV:/= rM:%= aN:&= oR:|= eO:^= ls:<< rs:>> lS:<<= rS:>>= eq:== ne:!= lt:< gt:> le:<= ge:>= ss:<=> nt:! aa:&&
    oo:|| pp:++ mm:-- cm:, pm:->* pt:-> cl:( ix:['''
_OPERATORS = dict(pair.split(':', 1) for pair in _SPELLED.split())
#: All that a source can mention where it defines an operator that is spelled with signs or one of these words.
OPERATORS = frozenset(f'{OPERATOR}{sign}' for sign in _OPERATORS.values())
#: Names of classes where members of theirs are defined, outside of them.
_QUALIFYING = re.compile(r'(\w+)\s*(?:::|<)|~\s*(\w+)', re.ASCII)
_OPERATOR_NAME = re.compile(r'\boperator\b\s*([^\s\w()\[\]"]+|[(\[]|\w+)?')


@dataclass(frozen=True)
class Needed:
    """A definition that is written out mentions all of `names`; an explicit instantiation any of `enclosing`. A name that ends
    in `::` is a class, of which a member is defined."""

    names: frozenset[str]
    enclosing: frozenset[str]
    owner: str = ''
    """The class or namespace that the innermost of them is in, if that is no class template."""
    by_alias: bool = False
    """Whether other names of the class will do: a constructor or destructor is defined under its own."""
    loose: bool = False
    """The name was not understood: any of `names` will do."""

    @property
    def bare(self) -> list[str]:
        """`names` without what is not a part of words."""
        return [OPERATOR if name.startswith(OPERATOR) else name.removesuffix(QUALIFIER) for name in self.names]


def operators_in(text: str, expanded: Set[str]) -> frozenset[str]:
    """The operators that a text may define, as words. `expanded`: its words, with those of its macros."""
    if OPERATOR not in expanded:
        return frozenset()
    spelled = [f'{OPERATOR}{sign}' for sign in _OPERATOR_NAME.findall(text)]
    return frozenset(spelled) if spelled and OPERATORS.issuperset(spelled) else OPERATORS


def qualifying_words(text: str) -> set[str]:
    """The words by which a text may name the class of what it defines."""
    return {word for found in _QUALIFYING.findall(text) for word in found}


@cache
def needed_words(name: str) -> Needed:
    """What the definition of a name that begins with `_Z` mentions. Nothing at all is needed if `names` is empty."""
    rest, of_class = name[2:], False
    if operation := _ALLOCATION.match(rest):
        return Needed(frozenset({f'{OPERATOR}{_OPERATORS[operation[0]]}'}), frozenset())
    if special := _SPECIAL.match(rest):
        rest = rest[special.end():]
        if special[0] in ('TI', 'TS') and _FUNDAMENTAL.fullmatch(rest):
            return Needed(frozenset({'__fundamental_type_info'}), frozenset())
        of_class = special[0] in _OF_CLASS and not rest.startswith('Z')
    try:
        parser = _Parser(rest)
        parts, template = parser.parts()
    except (ValueError, IndexError):
        everything = identifiers_of(name)
        return Needed(everything, everything, loose=True)
    enclosing = frozenset(part for part in parts if not part.startswith(OPERATOR))
    if of_class or parser.is_structor:
        return Needed(frozenset([f'{parts[-1]}{QUALIFIER}']), enclosing, by_alias=of_class)
    owner = parts[-2] if len(parts) > 1 and not template else ''
    return Needed(frozenset([parts[-1], *([template] if template else [])]), enclosing, owner)


def identifiers_of(name: str) -> frozenset[str]:
    """All identifiers in a mangled name, wherever they stand; and more, where numbers are something else."""
    found = set()
    for number in _NUMBER.finditer(name):
        for start in range(number.start(), number.end()):
            size = int(name[start:number.end()])
            part = name[number.end():number.end() + size]
            if size and len(part) == size and part.isidentifier():
                found.add(part)
    return frozenset(found)


class _Parser:
    """Reads the name of an entity up to its parameters. Raises `ValueError` or `IndexError` for what it does not know."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        #: Whether the name is that of a constructor or destructor.
        self.is_structor = False

    def parts(self) -> tuple[list[str], str]:
        """The identifiers of the name, outermost first, and the innermost of them that is a class template."""
        prefix = _PREFIX.match(self._text)
        nested, self._at = (bool(prefix[1]), prefix.end()) if prefix else (False, 0)
        found, template = [], ''
        while True:
            sign, two = self._text[self._at], self._text[self._at:self._at + 2]
            if sign.isdigit():
                found.append(self._source_name())
            elif two == 'St':
                self._at += 2
            elif two in _STANDARD:
                self._at += 2
                found.append(_STANDARD[two])
                template = found[-1]
            elif sign == 'B':
                self._at += 1
                self._source_name()
            elif sign == 'I':
                self._skip_arguments()
                if nested and self._text[self._at] != 'E':
                    template = found[-1]
            elif sign in 'CD' and two[1:].isdigit() and found:
                found.append(found[-1])
                self.is_structor = True
                break
            elif nested and sign == 'E':
                break
            elif two.isalpha() and sign.islower():
                found.append(f'{OPERATOR}{_OPERATORS.get(two, "")}')
                break
            else:
                raise ValueError(self._text)
            if not nested and found and not self._text.startswith(('I', 'B'), self._at):
                break
        if not found:
            raise ValueError(self._text)
        return found, template

    def _source_name(self) -> str:
        number = _NUMBER.match(self._text, self._at)
        if not number or number.end() + int(number[0]) > len(self._text):
            raise ValueError(self._text)
        self._at = number.end() + int(number[0])
        return self._text[number.end():self._at]

    def _skip_arguments(self) -> None:
        depth = 0
        while True:
            sign = self._text[self._at]
            if sign.isdigit():
                self._source_name()
                continue
            if literal := _LITERAL.match(self._text, self._at):
                self._at = literal.end()
                continue
            if sign in 'LX' or self._text.startswith(('DT', 'Dt', 'sr', 'cv'), self._at):
                raise ValueError(self._text)  # expressions
            if sign in 'TS' and (found := _SUBSTITUTION.match(self._text, self._at)):
                self._at = found.end()
                continue
            depth += (sign in 'INJF') - (sign == 'E')
            self._at += 1
            if depth == 0:
                return
