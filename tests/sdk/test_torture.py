"""A short run of `dev.py torture`: a few blows of each part. The whole of it takes an hour."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from stress.archives import bundles, sdks
from stress.bench import Tally, TortureBench
from stress.circumstances import clocks, locks, stopped, versions
from stress.concurrency import crowd
from stress.damage import damage
from stress.full_disks import full
from stress.hostile_input import hostile
from stress.kills import kills
from stress.lies import grpc, http

from emroot.host.home import Home

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='signals, links and pipes are another thing there')
Part = Callable[[TortureBench, int, random.Random], Tally]


@pytest.fixture(scope='module')
def bench(sdk_root: Path, shared_home: Home, tmp_path_factory: pytest.TempPathFactory) -> TortureBench:
    return TortureBench(tmp_path_factory.mktemp('torture') / 'work', sdk_root, modes=('wasm64,lto',),
                        targets=('libnoexit', 'libal', 'crt1'), known=shared_home.root)


def _dealt(part: Part, bench: TortureBench, rounds: int) -> Tally:
    tally = part(bench, rounds, random.Random(f'test of {part.__name__}'))  # noqa: S311  # blows that can be repeated
    assert tally.problems == []
    assert tally.counts
    return tally


@pytest.mark.parametrize(('part', 'rounds'), [(damage, 6), *(pytest.param(*case, marks=pytest.mark.slow) for case in (
    (kills, 6), (full, 1)))])
def test_what_is_there_endures(bench: TortureBench, part: Part, rounds: int):
    _dealt(part, bench, rounds)


@pytest.mark.parametrize(('part', 'rounds'), [(hostile, 2), *(pytest.param(*case, marks=pytest.mark.slow) for case in (
    (crowd, 1), (http, 3), (grpc, 2), (bundles, 4), (sdks, 4), (locks, 1), (clocks, 1), (versions, 1)))])
def test_the_doings_of_emroot_alone_endure(bench: TortureBench, part: Part, rounds: int):
    """With an SDK of scripts."""
    _dealt(part, bench.fake, rounds)


@pytest.mark.slow
def test_a_builder_that_stops_holds_nobody_up_for_long(bench: TortureBench):
    assert _dealt(stopped, bench.fake, 1).counts['builders stopped'] == 1
