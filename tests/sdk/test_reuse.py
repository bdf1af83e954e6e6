"""What was built once is never built again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot
from support.snapshots import archives, counts, damage


def test_a_second_build_reuses_everything(seen: Emroot, small: list[str]):
    first = seen.build(*small)
    assert sorted(first['modes']['wasm32']['built']) == sorted(small)
    second = seen.build(*small)
    assert second['modes']['wasm32'] == {'built': [], 'reused': second['modes']['wasm32']['reused'], 'failed': []}
    assert sorted(second['modes']['wasm32']['reused']) == sorted(small)
    assert second['objects']['compiled'] == 0


def test_a_second_cache_directory_compiles_nothing(seen: Emroot, small: list[str], tmp_path: Path):
    first = seen.build(*small, cache=tmp_path / 'one')
    second = seen.build(*small, cache=tmp_path / 'other')
    assert first['objects']['compiled'] > 0
    assert counts(second) == (0, sum(counts(first)))
    assert archives(tmp_path / 'one') == archives(tmp_path / 'other')


def test_libraries_that_ignore_lto_are_not_compiled_for_it_again(seen: Emroot, tmp_path: Path):
    """`force_object_files`: the start files and allocators, among others."""
    targets = ('crt1', 'libdlmalloc')
    seen.build(*targets, cache=tmp_path)
    for features in ('lto', 'thinlto'):
        assert seen.build(*targets, features=features, cache=tmp_path)['objects']['compiled'] == 0
    assert len(set(archives(tmp_path).values())) == 2


@pytest.mark.slow
def test_other_modes_are_other_work(seen: Emroot, tmp_path: Path):
    modes = ('wasm32', 'wasm64', 'lto', 'thinlto', 'pic')
    for features in modes:
        assert seen.build('libal', features=features, cache=tmp_path)['objects']['compiled'] == 1
    assert len(set(archives(tmp_path).values())) == len(modes)


def test_what_was_removed_from_a_cache_directory_comes_back_from_the_store(seen: Emroot, tmp_path: Path):
    seen.build('libnoexit', 'libal', cache=tmp_path)
    before = archives(tmp_path)
    (tmp_path / next(iter(before))).unlink()
    assert counts(seen.build('libnoexit', 'libal', cache=tmp_path)) == (0, 2)
    assert archives(tmp_path) == before
    assert damage(seen.home, tmp_path) == []


@pytest.mark.slow
def test_embuilder_makes_the_same_bytes(seen_home: Callable[[Path], Emroot], small: list[str], tmp_path: Path):
    targets = ['libstubs-debug', 'libembind', 'crt1']
    source, other = seen_home(tmp_path / 'source'), seen_home(tmp_path / 'embuilder')
    source.build(*targets, features='wasm64,lto', cache=tmp_path / 'one')
    ran = other('build', '--json', '--builder', 'embuilder', '--features', 'wasm64-lto', '--targets', ','.join(targets),
                '--cache', tmp_path / 'two')
    assert ran.code == 0, ran.err
    assert sorted(ran.json['modes']['wasm64-lto']['built']) == sorted(targets)
    assert archives(tmp_path / 'one') == archives(tmp_path / 'two')
