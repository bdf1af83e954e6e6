"""A short run of `dev.py torture`: what a store endures. The whole of it takes hours."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.torture.bench import Bench, Tally
from dev.torture.crowd import crowd
from dev.torture.damage import damage
from dev.torture.full import full
from dev.torture.hostile import hostile
from dev.torture.kills import kills
from emroot.home import Home

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='signals, links and pipes are another thing there')


@pytest.fixture(scope='module')
def bench(sdk_root: Path, shared_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    if sdk_root.joinpath('emscripten-version.txt').read_text(encoding='utf-8').strip('"\n').startswith('3.'):
        pytest.skip('one release tells as much of the store as two')
    return Bench(tmp_path_factory.mktemp('torture') / 'work', sdk_root, modes=('wasm64,lto',),
                 targets=('libnoexit', 'libal', 'libhtml5', 'crt1'), known=shared_home.root)


@pytest.mark.parametrize(('part', 'rounds'), [(kills, 3), (crowd, 1), (damage, 4), (full, 1), (hostile, 2)])
def test_the_store_endures(bench: Bench, part: Callable[[Bench, int, random.Random], Tally], rounds: int):
    tally = part(bench, rounds, random.Random(f'test of {part.__name__}'))  # noqa: S311  # blows that can be repeated
    assert tally.problems == []
    assert tally.counts
