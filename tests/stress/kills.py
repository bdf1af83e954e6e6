"""SIGKILL at random moments of whatever changes a home, into one home that goes on and on: what it leaves must not add up."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from support.subprocesses import below

from . import operations
from .bench import Tally, TortureBench, files_below, finish
from .operations import Operation

#: Of ten kills, how many each suffers.
SHARES = {operations.build: 4, operations.import_: 1, operations.gc: 1, operations.repair: 1, operations.make: 2,
          operations.install: 1}
#: Locks that there may be, whatever the number of kills: of the tree, and those that compiles share.
_FEW = 16 + 4096


def kills(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """A share of the rounds for each operation: each gives it something to do, kills it, and has it done again."""
    tally = Tally('kills')
    left = rounds
    for number, (prepare, share) in enumerate(SHARES.items()):
        last = number == len(SHARES) - 1
        count = left if last else min(left, max(1, rounds * share // sum(SHARES.values())))
        left -= count
        if count:
            _of(prepare.__name__.rstrip('_'), prepare(bench, _home(bench, prepare.__name__)), bench, count, chance, tally)
    return tally


def _home(bench: TortureBench, name: str) -> Path:
    return bench.home(f'kills-{name}') if name == 'install' else bench.full_home(f'kills-{name}')


def _of(name: str, operation: Operation, bench: TortureBench, rounds: int, chance: random.Random, tally: Tally) -> None:
    home, whole = operation.home, 2.0
    number = tried = 0
    while number < rounds and tried < 3 * rounds + 40:
        share = chance.choice([0.5, 0.75, 1.0])
        operation.undo(chance, share)
        victim = operation.victims[number % len(operation.victims)]
        delay = chance.uniform(0.05, 0.1 + whole * share)
        when = f'{name}, round {number}, {victim} after {delay:.2f} s'
        began = time.monotonic()
        with bench.start(home, *operation.arguments, env=operation.env) as process:
            hit = _kill(process, victim, delay, chance)
            err = finish(process).err
        if not hit:
            whole = time.monotonic() - began
        tally.counts[f'of {name}' if hit else 'too late'] += 1
        whole *= 1.03  # keeps up with a machine that does other things too
        tried += 1
        number += hit
        tally.check([f'a traceback: {err[-600:]}'] if 'Traceback' in err else [], when)
        tally.check(operation.wrong(), when)
        if tried % 10 == 0 or number == rounds:
            tally.check(bench.run(home, 'verify').problems(0), when)
    _check_leftovers(name, home, bench, tally)
    tally.check([f'only {number} kills of {name} came in time'] if number < rounds else [], 'in the end')


def _check_leftovers(name: str, home: Path, bench: TortureBench, tally: Tally) -> None:
    locks = len(list((home / 'store' / 'locks').iterdir())) if (home / 'store' / 'locks').is_dir() else 0
    tally.check([f'{locks} locks are left by {name}'] if locks > _FEW else [], 'in the end')
    tally.counts['temporary files left outside of store and cache directory'] += \
        sum(path.name.endswith('.tmp') for path in files_below(home)) + len(list((bench.work / 'tmp').iterdir()))


def _kill(process: subprocess.Popen[str], victim: str, delay: float, chance: random.Random) -> bool:
    """Wait, and kill; whether there was something to kill."""
    end = time.monotonic() + delay
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.005)
    while process.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # a worker may end before the blow: then another
            if victim == 'group':
                os.killpg(process.pid, signal.SIGKILL)
                return True
            if victim == 'parent':
                process.kill()
                return True
            if workers := below(process.pid):
                os.kill(chance.choice(workers), signal.SIGKILL)
                return True
        time.sleep(0.001)
    return False
