"""Bazel's rules know modes by themselves, so that no Python runs before something is built: the same modes as elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dev.paths import ROOT
from emroot.errors import EmrootError
from emroot.modes import all_modes, parse_features


@pytest.fixture
def starlark() -> Callable[[list[str]], str]:
    """`parse_features` of the rules: it is written so that it is Python, too."""
    def fail(message: str) -> None:
        raise EmrootError(message)
    names: dict[str, Callable[[list[str]], str]] = {'fail': fail, 'load': lambda *_: None}  # type: ignore[dict-item]
    for file in ('mode_axes.bzl', 'parse_features.bzl'):
        exec((ROOT / 'bazel/private/modes' / file).read_text(encoding='utf-8'), names)  # noqa: S102
    return names['parse_features']


@pytest.mark.parametrize('features', [
    [], ['pic', 'wasm64'], ['lto-thin'], ['wasm64,lto', 'pic'], ['wasm32-thinlto-pic'], ['LTO'], ['wasm64 lto-thin'],
    *[[mode.name] for mode in all_modes()], *[mode.features for mode in all_modes()]], ids=str)
def test_modes_are_those_of_the_command_line(starlark: Callable[[list[str]], str], features: list[str]) -> None:
    assert starlark(features) == parse_features(features).name


@pytest.mark.parametrize(('features', 'said'), [
    (['wasm46'], "unknown feature 'wasm46'; the features are wasm32, wasm64, lto, thinlto, pic"),
    (['wasm64', 'lto', 'wasm32'], "features 'wasm64' and 'wasm32' exclude each other"),
    (['lto', 'thinlto'], "features 'lto' and 'thinlto' exclude each other")])
def test_what_is_wrong_is_named(starlark: Callable[[list[str]], str], features: list[str], said: str) -> None:
    with pytest.raises(EmrootError, match=said):
        starlark(features)
    with pytest.raises(EmrootError):
        parse_features(features)
