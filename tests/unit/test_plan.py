"""The plan: each distinct piece of work once, under a key that says all that its bytes depend on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.synthetic_sdk import paper_recipe, synthetic_sdk

from emroot.hashing import canonical_json, digest_record
from emroot.keys.plan import archive_record, compile_record, make_plan
from emroot.modes import parse_mode
from emroot.sdk import Sdk

SDK = synthetic_sdk()


def _key(sdk: Sdk = SDK, argv: tuple[str, ...] = ('clang', '-O2'), source: str = 'a.c') -> str:
    return digest_record(compile_record(sdk, argv, source))


def test_keys_are_the_golden_ones(golden: Callable[[str, object], None]):
    recipe = paper_recipe()
    archive = make_plan(SDK, [recipe]).archives[0]
    compiled = compile_record(SDK, recipe.members[0].argv, recipe.members[0].source)
    joined = archive_record(SDK, archive.how, list(archive.members))
    golden('keys', [{'json': canonical_json(record), 'sha256': digest_record(record)} for record in (compiled, joined)])


def test_the_same_compile_in_several_targets_and_modes_is_planned_once():
    recipes = [paper_recipe('libone'), paper_recipe('libtwo', ['b.c', 'c.c']),
               paper_recipe('libone', mode=parse_mode('wasm32-lto'))]
    plan = make_plan(SDK, recipes)
    assert sorted(c.name for c in plan.compiles.values()) == ['a.c', 'b.c', 'c.c']
    assert [a.name for a in plan.archives] == ['wasm32/libone', 'wasm32/libtwo', 'wasm32-lto/libone']


def test_equal_archives_of_different_modes_have_one_key_and_two_places():
    plain, lto = make_plan(SDK, [paper_recipe(), paper_recipe(mode=parse_mode('wasm32-lto'))]).archives
    assert plain.key == lto.key
    assert plain.path != lto.path


@pytest.mark.parametrize('part', ['compiler', 'sources'])
def test_another_compiler_or_another_source_makes_another_object(part: str):
    assert _key(synthetic_sdk(parts={**SDK.parts, part: 'f' * 64})) != _key()


@pytest.mark.parametrize('part', ['linker', 'archiver', 'tools'])
def test_what_takes_no_part_in_a_compile_makes_no_other_object(part: str):
    assert _key(synthetic_sdk(parts={**SDK.parts, part: 'f' * 64})) == _key()


@given(st.sampled_from(['root', 'llvm_root', 'how', 'node', 'python', 'sanity', 'digest']), st.text(min_size=1))
def test_where_an_sdk_lies_and_how_it_was_found_are_in_no_key(field: str, value: str):
    assert _key(synthetic_sdk(**{field: value})) == _key()


@given(st.lists(st.text(), min_size=1).map(tuple), st.lists(st.text(), min_size=1).map(tuple))
def test_other_arguments_make_another_object(one: tuple[str, ...], other: tuple[str, ...]):
    assert (_key(argv=one) == _key(argv=other)) == (one == other)


@given(st.permutations([('a.o', '1'), ('b.o', '2'), ('c.o', '3')]))
def test_another_order_of_members_makes_another_archive(members: list[tuple[str, str]]):
    ordered = [('a.o', '1'), ('b.o', '2'), ('c.o', '3')]
    same = digest_record(archive_record(SDK, 'archive', members)) == digest_record(archive_record(SDK, 'archive', ordered))
    assert same == (members == ordered)


def test_another_name_of_a_member_makes_another_archive():
    keys = {digest_record(archive_record(SDK, 'archive', [(name, '1')])) for name in ('a.o', 'b.o')}
    assert len(keys) == 2


def test_the_members_keep_the_order_of_the_sdk():
    archive = make_plan(SDK, [paper_recipe(sources=['vmlock.c', 'a.c', 'b.c'])]).archives[0]
    assert [name for name, _ in archive.members] == ['vmlock.o', 'a.o', 'b.o']
