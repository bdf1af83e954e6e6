"""From names to targets: exact names, patterns, groups, ports; and answers that are kept."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.synthetic_sdk import paper_listing, synthetic_sdk

from emroot.errors import UnknownNameError
from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode, parse_mode

NAMES = ['libc', 'libc-debug', 'libc++', 'libc++-noexcept', 'libc++abi', 'crt1']
LISTING = paper_listing(NAMES, groups={'SYSTEM': NAMES, 'MINIMAL': ['libc', 'zlib']}, ports=['zlib'])


@pytest.mark.parametrize(('given', 'found'), [
    (['libc'], ['libc']),
    (['libc++*'], ['libc++', 'libc++-noexcept', 'libc++abi']),
    (['libc?debug', 'crt[12]'], ['libc-debug', 'crt1']),
    (['SYSTEM'], NAMES),
    (['MINIMAL'], ['libc', 'zlib']),
    (['zlib', 'zlib-mt'], ['zlib', 'zlib-mt']),
    (['contrib/port.py', 'contrib/port.py:option=1'], ['contrib/port.py', 'contrib/port.py:option=1']),
    (['zlib:formats=png:PTHREADS=1'], ['zlib:formats=png:PTHREADS=1']),
])
def test_names_patterns_groups_and_ports_are_targets(given: list[str], found: list[str]):
    assert LISTING.expand(given) == found


@given(st.lists(st.sampled_from(['libc', 'libc*', 'SYSTEM', 'crt1', 'zlib', '*']), min_size=1))
def test_each_target_comes_once_where_it_was_first_named(given: list[str]):
    expanded = LISTING.expand(given)
    assert len(expanded) == len(set(expanded))
    assert expanded == list(dict.fromkeys(t for name in given for t in LISTING.expand([name])))


@pytest.mark.parametrize(('wrong', 'meant'), [('libcc', 'libc'), ('libc-dbug', 'libc-debug'), ('LIBC', 'libc'), ('zlb', 'zlib'),
                                              ('SYSTM', 'SYSTEM'), ('zlb:PTHREADS=1', 'zlib')])
def test_an_unknown_target_is_answered_with_the_nearest_and_where_they_are_listed(wrong: str, meant: str):
    with pytest.raises(UnknownNameError) as caught:
        LISTING.expand([wrong])
    assert meant in caught.value.nearest
    assert 'emroot list' in caught.value.hint


def test_a_pattern_that_matches_nothing_is_an_error():
    with pytest.raises(UnknownNameError, match='libx'):
        LISTING.expand(['libx*'])


class _Asked(Catalogue):
    """Counts questions, and answers from a table."""

    def __init__(self, home: Home) -> None:
        super().__init__(synthetic_sdk(), home)
        self.questions: list[tuple[str, str, list[str]]] = []

    def _ask(self, question: str, mode: Mode, **request: Any) -> dict[str, Any]:
        targets = request.get('targets', [])
        self.questions.append((question, mode.name, targets))
        if question == 'listing':
            said = {'family': 'x', 'vary': {}, 'objects': 1}
            libraries = {n: {'file': f'{n}.a', 'path': f'{mode.directory}/{n}.a', **said} for n in ('libz', 'liba', 'libm')}
            return {'libraries': libraries, 'groups': {}, 'ports': {}, 'port_variants': {}, 'list_values': {}}
        libraries = [target for target in targets if target not in ('zlib', 'none')]
        return {'libraries': {t: {'file': f'{t}.a', 'path': f'{mode.directory}/{t}.a', 'family': t, 'how': 'archive',
                                  'objects': [['x.c', 'x.o', n]]} for n, t in enumerate(libraries)},
                'commands': [['clang', f'-D{t}'] for t in libraries]}


def test_a_mode_is_asked_for_once_by_all_processes(home: Home):
    first = _Asked(home)
    first.listing(Mode())
    first.listing(Mode())
    first.listing(parse_mode('wasm64'))
    assert first.questions == [('listing', 'wasm32', []), ('listing', 'wasm64', [])]
    later = _Asked(home)
    later.listing(Mode())
    assert later.questions == []


def test_the_order_is_the_sdks_also_when_it_is_remembered(home: Home):
    orders = [_Asked(home).listing(Mode()).expand(['*']) for _ in range(2)]
    assert orders == [['libz', 'liba', 'libm']] * 2


def test_a_library_that_only_a_link_asked_for_is_taken_by_name_and_listed_nowhere(home: Home):
    said = {'file': 'liba-odd.a', 'path': 'liba-odd.a', 'family': 'x', 'vary': {'is_odd': 'True'}, 'objects': 1}
    _Asked(home).add_unlisted(Mode(), {'liba-odd': said})
    listing = _Asked(home).listing(Mode())
    assert 'liba-odd' not in [*listing.libraries, *listing.expand(['*']), *listing.expand(['liba*'])]
    assert listing.expand(['liba-odd']) == ['liba-odd']
    assert listing.library('liba-odd') == listing.unlisted['liba-odd']


def test_only_recipes_that_are_not_known_are_asked_for(home: Home):
    catalogue = _Asked(home)
    before = catalogue.recipes(Mode(), ['a', 'b'])
    after = catalogue.recipes(Mode(), ['b', 'c', 'a'])
    assert [q[2] for q in catalogue.questions] == [['a', 'b'], ['c']]
    assert list(after) == ['b', 'c', 'a']
    assert after['b'] == before['b']
    assert after['b'].members[0].argv == ('clang', '-Db')


def test_the_listing_is_not_asked_for_where_libraries_are_named(home: Home):
    catalogue = _Asked(home)
    assert catalogue.expand(Mode(), ['libz', 'liba', 'libz']) == ['libz', 'liba']
    assert list(catalogue.recipes(Mode(), ['libz', 'liba'])) == ['libz', 'liba']
    assert catalogue.questions == [('recipes', 'wasm32', ['libz', 'liba'])]


@pytest.mark.parametrize(('names', 'questions'), [(['lib*'], ['listing']), (['ALL'], ['listing']),
                                                  (['a/port.py'], ['listing']), (['libz', 'none'], ['recipes', 'listing'])])
def test_the_listing_is_asked_for_where_other_things_are_named(home: Home, names: list[str], questions: list[str]):
    catalogue = _Asked(home)
    with contextlib.suppress(UnknownNameError):
        catalogue.expand(Mode(), names)
    assert [question for question, _, _ in catalogue.questions] == questions


def test_what_is_no_library_has_no_recipe_and_is_not_asked_for_twice(home: Home):
    catalogue = _Asked(home)
    assert list(catalogue.recipes(Mode(), ['zlib', 'liba', 'a/port.py'])) == ['liba']
    assert catalogue.questions == [('recipes', 'wasm32', ['zlib', 'liba'])]
    catalogue.listing(Mode())
    assert list(catalogue.recipes(Mode(), ['zlib', 'liba', 'a/port.py'])) == ['liba']
    assert catalogue.questions[1:] == [('listing', 'wasm32', [])]
