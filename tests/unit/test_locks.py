"""Locks: held by one at a time, given up with the process, never in the way."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.running import plain_environment

from emroot.store import Lock, Store, try_lock

_HOLD = 'import sys, time; from pathlib import Path; from emroot.store import try_lock\n' \
        'with try_lock(Path(sys.argv[1])) as held: print(bool(held), flush=True); time.sleep(60)'


def test_one_holds_it_at_a_time(tmp_path: Path):
    with try_lock(tmp_path / 'lock') as first, try_lock(tmp_path / 'lock') as second:
        assert (first, second) == (Lock.HELD, Lock.BUSY)
    with try_lock(tmp_path / 'lock') as again:
        assert again


def test_waiting_for_it_ends(tmp_path: Path):
    with try_lock(tmp_path / 'lock'), try_lock(tmp_path / 'lock', seconds=0.05) as held:
        assert not held


def test_it_ends_with_the_process_that_held_it(tmp_path: Path):
    with subprocess.Popen([sys.executable, '-c', _HOLD, str(tmp_path / 'lock')], stdout=subprocess.PIPE,
                          env=plain_environment()) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b'True'
        with try_lock(tmp_path / 'lock') as held:
            assert not held
        process.kill()
        process.wait()
        with try_lock(tmp_path / 'lock', seconds=60) as held:
            assert held


def test_one_that_cannot_be_made_is_not_held_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / 'file').write_text('no directory')
    monkeypatch.setattr(time, 'sleep', lambda _: pytest.fail('there is nothing to wait for'))
    with try_lock(tmp_path / 'file' / 'lock', seconds=30) as held:
        assert held is Lock.NONE


def test_locks_of_compiles_are_few_and_stay(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, alike, two = '001' + '0' * 61, '001' + 'f' * 61, '002' + '0' * 61
    with store.compile_lock(one) as held, store.compile_lock(alike) as same, store.compile_lock(two) as other:
        assert (held, same, other) == (Lock.HELD, Lock.BUSY, Lock.HELD)
    with store.compile_lock(one) as held:
        assert held
    assert sorted(path.name for path in (tmp_path / 'locks').iterdir()) == ['compile-001', 'compile-002']
