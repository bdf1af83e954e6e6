"""Sixteen processes that build overlapping sets at once: right bytes, and next to nothing compiled twice."""

from __future__ import annotations

import json
import random
import shutil

from .bench import Tally, TortureBench, contents, finish

PROCESSES = 16
#: How many compiles all of them may run, compared with one alone.
BOUND = 1.05


def crowd(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """Each round starts in a new home, every third without the SDK's headers, every third knowing nothing, into one cache
    directory or two."""
    tally = Tally('crowd')
    compiled = 0
    for number in range(rounds):
        home = bench.work / f'crowd-{number}'
        if number % 3:
            bench.home(home.name, headers=number % 3 == 2)
        # The first builds everything, so that all of them together have to compile what one alone would.
        sets = [bench.targets, *(tuple(chance.sample(bench.targets, chance.randint(1, len(bench.targets))))
                                 for _ in range(PROCESSES - 1))]
        caches = [home / 'caches-of-crowd' / str(chance.randrange(2)) for _ in sets]
        processes = [bench.start(home, *bench.request(targets=targets, jobs=1), '--cache', cache)
                     for targets, cache in zip(sets, caches, strict=True)]
        ended = [finish(process) for process in processes]
        tally.check([problem for ran in ended for problem in ran.problems(0)], f'round {number}')
        for cache in set(caches):
            wrong = [path for path, digest in contents(cache).items() if bench.reference.get(path) != digest]
            tally.check([f'{path} differs in {cache.name}' for path in wrong[:5]], f'round {number}')
        here = sum(json.loads(ran.out)['objects']['compiled'] for ran in ended if ran.code == 0)
        tally.check([f'{here} compiles instead of {bench.compiles}'] if here > BOUND * bench.compiles else [], f'round {number}')
        tally.check(bench.left_behind(home), f'round {number}')
        tally.counts['processes'] += len(processes)
        compiled += here
        shutil.rmtree(home)
    tally.counts[f'compiles where one alone would do {rounds * bench.compiles}'] = compiled
    return tally
