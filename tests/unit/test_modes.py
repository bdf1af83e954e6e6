"""Modes and the features that select them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emroot.errors import UnknownNameError, UsageError
from emroot.modes import ALIASES, Mode, all_modes, mode_of_directory, parse_features, parse_mode

modes = st.sampled_from(all_modes())


def test_there_are_twelve_with_the_identifiers_of_the_contract():
    endings = ['', '-lto', '-thinlto', '-pic', '-lto-pic', '-thinlto-pic']
    assert [m.name for m in all_modes()] == [arch + ending for arch in ('wasm32', 'wasm64') for ending in endings]


@given(modes)
def test_what_is_printed_is_parsed(mode: Mode):
    assert parse_mode(mode.name) == parse_mode(str(mode)) == parse_features(mode.features) == mode


@given(modes.flatmap(lambda m: st.tuples(st.just(m), st.permutations(m.features))), st.sampled_from([',', '-', ' ', ', ']))
def test_the_order_and_the_separator_of_features_do_not_matter(mode_and_features: tuple[Mode, list[str]], between: str):
    mode, features = mode_and_features
    assert parse_features([between.join(features)]) == parse_features(features) == mode


@given(modes.flatmap(lambda m: st.tuples(st.just(m), st.lists(st.sampled_from(m.features), min_size=1))))
def test_saying_a_feature_again_changes_nothing(mode_and_more: tuple[Mode, list[str]]):
    mode, more = mode_and_more
    assert parse_features([*mode.features, *more]) == mode


def test_wasm32_need_not_be_said():
    assert parse_features(['lto', 'pic']) == parse_mode('wasm32-lto-pic')
    assert parse_features([]) == Mode()


def test_case_does_not_matter():
    assert parse_features(['WASM64', 'ThinLTO']) == parse_mode('wasm64-thinlto')


@pytest.mark.parametrize('spelled', ['lto-thin', 'wasm64-lto-thin-pic', 'lto-thin,wasm64', 'pic-lto-thin'])
def test_lto_thin_is_another_name_of_thinlto(spelled: str):
    assert parse_features([spelled]).lto == 'thin'
    assert set(ALIASES) == {'lto-thin'}


@pytest.mark.parametrize(('one', 'other'), [('wasm32', 'wasm64'), ('lto', 'thinlto')])
def test_features_that_exclude_each_other_are_both_named(one: str, other: str):
    for first, second in itertools.permutations([one, other]):
        with pytest.raises(UsageError) as caught:
            parse_features([first, 'pic', second])
        assert repr(first) in caught.value.message and repr(second) in caught.value.message
        assert caught.value.hint


@pytest.mark.parametrize(('wrong', 'meant'), [
    ('wasm46', 'wasm64'), ('thinlt', 'thinlto'), ('pci', 'pic'), ('wasm64-thinlo', None)])
def test_an_unknown_feature_is_answered_with_the_nearest(wrong: str, meant: str | None):
    with pytest.raises(UnknownNameError) as caught:
        parse_features([wrong])
    assert meant is None or meant in caught.value.nearest
    assert 'wasm64' in caught.value.hint


@given(st.text())
def test_any_text_is_a_mode_or_an_error_with_an_answer(text: str):
    try:
        mode = parse_mode(text)
    except (UnknownNameError, UsageError) as error:
        assert error.hint
    else:
        assert mode in all_modes()


def test_no_two_modes_share_a_directory():
    assert len({m.directory for m in all_modes()}) == len(all_modes())


@pytest.mark.parametrize(('mode', 'directory'), [
    ('wasm32', 'sysroot/lib/wasm32-emscripten'),
    ('wasm64-thinlto', 'sysroot/lib/wasm64-emscripten/thinlto'),
    ('wasm32-lto-pic', 'sysroot/lib/wasm32-emscripten/lto-pic'),
])
def test_the_directory_is_where_emcc_looks(mode: str, directory: str):
    assert parse_mode(mode).directory == directory


def test_directories_and_choices_tell_modes_apart():
    modes = all_modes()
    assert [mode_of_directory(mode.directory) for mode in modes] == modes
    assert mode_of_directory('sysroot/lib/wasm64-emscripten/lto/pic') is None
    assert [Mode(**mode.to_json()) for mode in modes] == modes


def test_the_nearest_mode_is_itself_then_the_one_without_lto():
    mode = parse_mode('wasm64-lto')
    assert [str(near) for near in sorted(all_modes(), key=lambda other: other.distance(mode))[:3]] == [
        'wasm64-lto', 'wasm64', 'wasm64-thinlto']
    assert mode.without_lto == parse_mode('wasm64')
