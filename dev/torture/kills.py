"""SIGKILL at random moments of builds, into one home that goes on and on: what it leaves must not add up."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from ..processes import below
from .bench import Bench, Tally, files_below

VICTIMS = ('parent', 'worker', 'group')
#: Locks that there may be, whatever the number of kills: of the tree, and those that compiles share.
_FEW = 16 + 4096


def kills(bench: Bench, rounds: int, chance: random.Random) -> Tally:
    """Each round forgets some of what was built, starts a build, kills, and builds again."""
    tally = Tally('kills')
    began = time.monotonic()
    home = bench.full_home('kills')
    whole = time.monotonic() - began
    number = tried = 0
    while number < rounds and tried < 3 * rounds + 40:
        share = chance.choice([0.5, 0.75, 1.0])
        _forget(bench, home, share, chance)
        victim, delay = VICTIMS[number % 3], chance.uniform(0.05, 0.15 + whole * share)
        when = f'round {number}, {victim} after {delay:.2f} s'
        with bench.start(home, *bench.request()) as process:
            hit = _kill(process, victim, delay, chance)
            _, err = process.communicate()
        tally.counts[f'of the {victim}' if hit else 'too late'] += 1
        whole *= 1.03 if hit else 0.8  # keeps up with a machine that does other things too
        tried += 1
        number += hit
        if 'Traceback' in err:
            tally.check([f'a traceback: {err[-600:]}'], when)
        tally.check(bench.wrong_after_build(home) + bench.left_behind(home), when)
        if tried % 10 == 0 or number == rounds:
            tally.check(bench.run(home, 'verify').problems(0), when)
    locks = len(list((home / 'store' / 'locks').iterdir()))
    left = sum(path.name.endswith('.tmp') for path in files_below(home)) + len(list((bench.work / 'tmp').iterdir()))
    tally.check([f'{locks} locks are left'] if locks > _FEW else [], 'in the end')
    tally.check([f'only {number} kills came in time'] if number < rounds else [], 'in the end')
    tally.counts['locks left'] = locks
    tally.counts['temporary files left outside of store and cache directory'] = left
    return tally


def _forget(bench: Bench, home: Path, share: float, chance: random.Random) -> None:
    """As if a share of everything had been collected: records, and what was placed."""
    store, cache = home / 'store', bench.cache(home)
    kinds = [store / 'records' / kind for kind in ('archive', 'object', 'family', 'closure')]
    for path in [path for top in [*kinds, cache / 'sysroot' / 'lib'] for path in files_below(top)]:
        if chance.random() < share:
            path.unlink()
    if chance.random() < 0.1:
        (cache / '.emroot' / 'headers.json').unlink(missing_ok=True)


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
