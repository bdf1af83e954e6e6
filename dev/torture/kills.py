"""SIGKILL at random moments of builds, into one home that goes on and on: what it leaves must not add up."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from .bench import Bench, Tally, files_below

VICTIMS = ('parent', 'worker', 'group')
#: Locks that may be left, whatever the number of kills: of the tree, and of compiles that nobody needed again.
_FEW = 16


def kills(bench: Bench, rounds: int, chance: random.Random) -> Tally:
    """Each round forgets some of what was built, starts a build, kills, and builds again."""
    tally = Tally('kills')
    began = time.monotonic()
    home = bench.full_home('kills')
    whole = time.monotonic() - began
    number = tried = 0
    while number < rounds and tried < 10 * rounds + 20:
        share = chance.choice([0.3, 0.6, 1.0])
        _forget(bench, home, share, chance)
        victim, delay = VICTIMS[number % 3], chance.uniform(0.1, 0.2 + whole * share ** 2 * 0.8)
        when = f'round {number}, {victim} after {delay:.2f} s'
        with bench.start(home, *bench.request()) as process:
            hit = _kill(process, victim, delay)
            _, err = process.communicate()
        tally.counts[f'of the {victim}' if hit else 'too late'] += 1
        if not hit:
            whole *= 0.7  # builds go faster than the first, which others may have held up
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
    """As if a share of everything had been collected: records, blobs, and what was placed."""
    store, cache = home / 'store', bench.cache(home)
    kinds = [store / 'records' / kind for kind in ('archive', 'object', 'family', 'closure')]
    for path in [path for top in [*kinds, cache / 'sysroot' / 'lib'] for path in files_below(top)]:
        if chance.random() < share:
            path.unlink()
    bench.run(home, 'verify', '--repair')  # drops what names something that is gone
    if chance.random() < 0.1:
        (cache / '.emroot' / 'headers.json').unlink(missing_ok=True)


def _kill(process: subprocess.Popen[str], victim: str, delay: float) -> bool:
    """Wait, and kill; whether there was something to kill."""
    end = time.monotonic() + delay
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.005)
    while process.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # a worker may end before the blow: then the next
            if victim == 'group':
                os.killpg(process.pid, signal.SIGKILL)
                return True
            if victim == 'parent':
                process.kill()
                return True
            for child in _children(process.pid):
                os.kill(child, signal.SIGKILL)
                return True
        time.sleep(0.002)
    return False


def _children(parent: int) -> list[int]:
    found = subprocess.run(['ps', '-A', '-o', 'pid=,ppid='], capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(pid) for pid, above in (line.split() for line in found) if int(above) == parent]
