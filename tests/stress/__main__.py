"""The command line of `dev.py torture`."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from support.sdks import get_sdks

from dev.paths import dev_cache, dev_home, say
from emroot.host.files import remove_tree

from . import __doc__ as description
from .archives import bundles, sdks
from .bench import MODES, Tally, TortureBench
from .circumstances import clocks, locks, stopped, versions
from .concurrency import crowd
from .damage import damage
from .full_disks import full
from .hostile_input import hostile
from .kills import kills
from .lies import grpc, http

Part = Callable[[TortureBench, int, random.Random], Tally]
#: Each part, and its rounds in a whole run.
PARTS: dict[str, tuple[Part, int]] = {
    'kills': (kills, 300), 'crowd': (crowd, 6), 'damage': (damage, 500), 'full': (full, 40), 'stopped': (stopped, 4),
    'locks': (locks, 2), 'clocks': (clocks, 10), 'versions': (versions, 9), 'hostile': (hostile, 400), 'http': (http, 60),
    'grpc': (grpc, 40), 'bundles': (bundles, 120), 'sdks': (sdks, 40),
}


def main(arguments: list[str]) -> int:
    """Run the parts asked for, a line for each; fails if anything was wrong."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py torture', description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('parts', nargs='*', metavar='PART', help=f'any of {", ".join(PARTS)} (default: all)')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--rounds', type=int, help='of each part (default: as many as take about an hour in all)')
    parser.add_argument('--modes', default=';'.join(MODES), help='features of each, semicolons between (default: %(default)s)')
    parser.add_argument('--sdk', help='an SDK (default: the newest that the tests use)')
    args = parser.parse_args(arguments)
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f'no such part: {", ".join(sorted(unknown))}')
    sdk = Path(args.sdk) if args.sdk else get_sdks()[0][0]
    dev_cache().mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix='torture-', dir=dev_cache()))
    tallies, began = [], time.monotonic()
    try:
        bench = TortureBench(work, sdk, modes=tuple(args.modes.split(';')), known=dev_home().root)
        say(f'the reference: {bench.compiles} compiles in {bench.seconds:.1f} s, {len(bench.reference)} files')
        for name in args.parts or PARTS:
            part, rounds = PARTS[name]
            started = time.monotonic()
            tallies.append(part(bench, args.rounds or rounds, random.Random(f'{name} {args.seed}')))
            print(f'{tallies[-1].line()} ({time.monotonic() - started:.0f} s)', flush=True)
    finally:
        remove_tree(work)
    problems = sum(len(tally.problems) for tally in tallies)
    print(f'{problems} problems in {len(tallies)} parts, seed {args.seed}, {time.monotonic() - began:.0f} s')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
