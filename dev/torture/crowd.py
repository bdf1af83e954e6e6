"""Eight processes that build overlapping sets at once: right bytes, and next to nothing compiled twice."""

from __future__ import annotations

import json
import random
import shutil

from .bench import PATIENCE, Bench, Tally, contents

PROCESSES = 8
#: How many compiles all of them may run, compared with one alone.
BOUND = 1.05


def crowd(bench: Bench, rounds: int, chance: random.Random) -> Tally:
    """Each round starts in a new home, every other without the SDK's headers, into one cache directory or two."""
    tally = Tally('crowd')
    compiled = 0
    for number in range(rounds):
        home = bench.home(f'crowd-{number}', headers=number % 2 == 0)
        # The first builds everything, so that all of them together have to compile what one alone would.
        sets = [bench.targets, *(tuple(chance.sample(bench.targets, chance.randint(1, len(bench.targets))))
                                 for _ in range(PROCESSES - 1))]
        caches = [home / 'caches-of-crowd' / str(chance.randrange(2)) for _ in sets]
        processes = [bench.start(home, *bench.request(targets=targets, jobs=1), '--cache', cache)
                     for targets, cache in zip(sets, caches, strict=True)]
        ended = [(process, *process.communicate(timeout=PATIENCE)) for process in processes]
        for process, _, err in ended:
            if process.returncode != 0 or 'Traceback' in err:
                tally.check([f'exit code {process.returncode}: {err[-600:]}'], f'round {number}')
        for cache in set(caches):
            wrong = [path for path, digest in contents(cache).items() if bench.reference.get(path) != digest]
            tally.check([f'{path} differs in {cache.name}' for path in wrong[:5]], f'round {number}')
        here = sum(json.loads(out)['objects']['compiled'] for process, out, _ in ended if process.returncode == 0)
        tally.check([f'{here} compiles instead of {bench.compiles}'] if here > BOUND * bench.compiles else [], f'round {number}')
        tally.check(bench.left_behind(home), f'round {number}')
        tally.counts['processes'] += len(processes)
        compiled += here
        shutil.rmtree(home)
    tally.counts[f'compiles where one alone would do {rounds * bench.compiles}'] = compiled
    return tally
