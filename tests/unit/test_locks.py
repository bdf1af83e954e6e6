"""Locks: held by one at a time, given up with the process, never in the way."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.running import plain_environment

from emroot.host import locks
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


@dataclass
class _Clock:
    """A time that passes only while somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(time, 'monotonic', clock.monotonic)
    monkeypatch.setattr(time, 'sleep', clock.sleep)
    return clock


def test_without_seconds_nobody_waits(tmp_path: Path, clock: _Clock):
    with try_lock(tmp_path / 'lock'), try_lock(tmp_path / 'lock') as held:
        assert (held, clock.slept) == (Lock.BUSY, [])


@pytest.mark.parametrize('seconds', [0.05, 3.0, 120.0])
def test_it_is_waited_for_as_long_as_was_said_and_looked_for_ever_less_often(tmp_path: Path, clock: _Clock, seconds: float):
    with try_lock(tmp_path / 'lock'), try_lock(tmp_path / 'lock', seconds=seconds) as held:
        assert held is Lock.BUSY
    assert seconds - 1e-6 <= sum(clock.slept) <= seconds + 0.25
    assert clock.slept[0] <= 0.01 and max(clock.slept) <= 0.25
    assert all(one <= other for one, other in itertools.pairwise(clock.slept))
    assert len(clock.slept) < 250 + 4 * seconds


def test_whoever_waits_has_it_once_it_is_free(tmp_path: Path):
    waits, outcomes = threading.Event(), []

    def wait() -> None:
        waits.set()
        with try_lock(tmp_path / 'lock', seconds=60) as held:
            outcomes.append(held)
    thread = threading.Thread(target=wait)
    with try_lock(tmp_path / 'lock'):
        thread.start()
        waits.wait()
        time.sleep(0.02)
        assert outcomes == []
    thread.join()
    assert outcomes == [Lock.HELD]


@pytest.mark.parametrize(('number', 'outcome'), [
    (errno.EWOULDBLOCK, Lock.BUSY), (errno.EAGAIN, Lock.BUSY), (errno.EACCES, Lock.BUSY), (errno.EDEADLK, Lock.BUSY),
    (errno.ENOLCK, Lock.NONE), (errno.ENOTSUP, Lock.NONE), (errno.EBADF, Lock.NONE)])
def test_what_the_system_says_tells_a_lock_that_is_held_from_none(
        tmp_path: Path, clock: _Clock, monkeypatch: pytest.MonkeyPatch, number: int, outcome: Lock):
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(locks, '_take', refuse)
    with try_lock(tmp_path / 'lock', seconds=1.0) as held:
        assert held is outcome and not held
    assert bool(clock.slept) == (outcome is Lock.BUSY), 'there is nothing to wait for where locks do not work'


def test_an_error_while_it_is_held_ends_it_and_is_passed_on(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), try_lock(tmp_path / 'lock'):
        raise ZeroDivisionError
    with try_lock(tmp_path / 'lock') as held:
        assert held


@pytest.mark.skipif(not os.path.isdir('/proc/self/fd'), reason='Linux shows what is open')
def test_no_file_stays_open(tmp_path: Path):
    before = len(os.listdir('/proc/self/fd'))
    for _ in range(3):
        with try_lock(tmp_path / 'lock'), try_lock(tmp_path / 'lock'), try_lock(tmp_path / 'none' / 'lock'):
            pass
    assert len(os.listdir('/proc/self/fd')) == before


@pytest.mark.skipif(os.name == 'nt', reason='permissions are another thing there')
def test_its_file_is_the_users_own_and_its_directory_is_made(tmp_path: Path):
    with try_lock(tmp_path / 'a' / 'b' / 'lock') as held:
        assert held
        assert (tmp_path / 'a' / 'b' / 'lock').stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize('discarded', [True, False])
def test_its_file_is_deleted_if_that_is_wanted(tmp_path: Path, discarded: bool):
    outcomes = []

    def discard(lock: Lock) -> bool:
        outcomes.append(lock)
        assert (tmp_path / 'lock').exists()
        return discarded
    with try_lock(tmp_path / 'lock', discard=discard):
        assert outcomes == [], 'it is asked at the end'
    assert outcomes == [Lock.HELD] and (tmp_path / 'lock').exists() != discarded


def test_whoever_discards_is_told_that_another_holds_it(tmp_path: Path):
    outcomes = []
    with try_lock(tmp_path / 'lock'), try_lock(tmp_path / 'lock', discard=lambda lock: bool(outcomes.append(lock))):
        pass
    assert outcomes == [Lock.BUSY] and (tmp_path / 'lock').exists()


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
