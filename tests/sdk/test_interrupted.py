"""Killed at any moment, a build loses at most the compiles in flight, and no file is ever half written."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sdk_targets import SOME_SECONDS
from support.running import Emroot
from support.snapshots import archives, compiled_objects, damage
from support.waiting import wait_until

JOBS = 2

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='signals are another thing there')


def _kill_after(emroot: Emroot, cache: Path, compiles: int, number: signal.Signals) -> tuple[int, int]:
    """Start a build and signal it after so many compiles have begun; its exit code and how many had in the end."""
    with emroot.start('-v', 'build', '--targets', ','.join(SOME_SECONDS), '--cache', cache, '-j', JOBS) as process:
        assert process.stderr is not None
        begun = 0
        for line in process.stderr:
            begun += line.startswith('compile ')
            if begun == compiles:
                process.send_signal(number)
                compiles = -1
        process.wait()
    return process.returncode, begun


@pytest.mark.parametrize(('number', 'compiles'), [
    (signal.SIGKILL, 12), *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        (signal.SIGINT, 1), (signal.SIGINT, 25), (signal.SIGTERM, 10), (signal.SIGKILL, 1), (signal.SIGKILL, 30),
        (signal.SIGKILL, 45)))],
                         ids=lambda v: getattr(v, 'name', f'after {v}'))
def test_the_next_build_goes_on_from_there(seen: Emroot, built: Callable[[tuple[str, ...]], Path], tmp_path: Path,
                                           number: signal.Signals, compiles: int):
    cache = tmp_path / 'cache'
    code, begun = _kill_after(seen, cache, compiles, number)
    assert code == (130 if number != signal.SIGKILL else -signal.SIGKILL)
    assert damage(seen.home, cache) == []
    kept = compiled_objects(seen.home)
    assert kept >= begun - JOBS

    document = seen.build(*SOME_SECONDS, cache=cache, jobs=JOBS)
    assert document['modes']['wasm32']['failed'] == []
    assert damage(seen.home, cache) == []
    assert archives(cache) == archives(built(SOME_SECONDS))
    whole = compiled_objects(seen.home)
    assert document['objects']['compiled'] == whole - kept
    assert begun + document['objects']['compiled'] <= whole + JOBS
    assert list((seen.home / 'store' / 'tmp').iterdir()) == []


@pytest.mark.parametrize('there', ['memo/sdk/*', *(pytest.param(there, marks=pytest.mark.slow) for there in (
    '*', 'memo/probe/*/*', 'store/trees/*'))])
def test_a_first_build_that_is_killed_while_it_looks_at_the_sdk_does_no_harm(fresh: Emroot, tmp_path: Path, there: str):
    """It is killed once that is there."""
    with fresh.start('build', '--targets', 'libnoexit', '--cache', tmp_path / 'cache') as process:
        wait_until(lambda: any(fresh.home.glob(there)) or process.poll() is not None)
        process.kill()
    document = fresh.build('libnoexit', cache=tmp_path / 'cache')
    assert document['modes']['wasm32']['failed'] == []
    assert damage(fresh.home, tmp_path / 'cache') == []


def test_interrupting_says_that_what_was_finished_is_kept(seen: Emroot, tmp_path: Path):
    with seen.start('-v', 'build', '--targets', ','.join(SOME_SECONDS), '--cache', tmp_path / 'cache') as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line.startswith('compile '))
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith('emroot: interrupted; finished work is kept')
    assert 'Traceback' not in said
