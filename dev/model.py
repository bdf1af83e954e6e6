"""`dev.py model TRACE`: how long a build that was traced (`emroot build --trace`) takes on machines with more cores.

Two schedules do the same work, each job as long as it was when it was traced:

- emroot's: the family of compiles with most work left goes first, whatever it is for, with many workers that with least for
  some of them; an archive is joined by whoever made its last object. The first compile begins as long after the process as it
  did. Starting a compile and taking in its object takes this one Python process some time, in which no other compile can be
  started or taken in.
- embuilder's: one library after the other. A library's files are cut into batches (`system_libs.py: build_objects`), each
  done by one process from end to end; when it sees that all are done, the archive is joined. Its jobs are those of a trace with
  a compiler started for each file (`--plain`, EMROOT_FORK=0), since it starts one. What else it starts is to be measured:
  itself, with the headers that it installs (`--before`), an emcc for each batch (`--emcc`), an emar for each archive (`--emar`).
  Its compiles are made shorter or longer, all alike, so that with the trace's workers it takes as long as it really took.

`--recorded DIR` measures all of that, for what a C++ link needs.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import shlex
import sys
import tempfile
from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emroot.engine.execution.pool import shortest_first_workers
from emroot.sdk import find_sdk

from .bench.larger import FORKED, PLAIN, Starts, read_starts, record
from .bench.work import LINK, Bench
from .paths import dev_cache, dev_home, get_sdks
from .svg_plot import draw

CORES = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True)
class SimulatedWork:
    """A compile: how long it takes, its family, and the targets that wait for it."""

    name: str
    seconds: float
    family: str
    serves: tuple[str, ...]


@dataclass(frozen=True)
class Traced:
    """What a trace holds."""

    compiles: Sequence[SimulatedWork]
    archives: Mapping[str, float]
    """Seconds to join each target that was built, in the order in which they were asked for."""
    own: float
    """Seconds of emroot's own process for each compile."""
    workers: int = 1
    begins: float = 0.0
    """Seconds from the start of the process to the first compile."""


NOTHING = Starts()


@dataclass(frozen=True)
class Run:
    """What came of a schedule: seconds, and the part of the cores' time that was spent in jobs."""

    seconds: float
    busy: float


def read_trace(path: Path) -> Traced:
    """The work of a trace."""
    document = json.loads(path.read_text(encoding='utf-8'))
    spans = [event for event in document['traceEvents'] if event['ph'] == 'X']
    compiles = [SimulatedWork(e['name'].rpartition(' ')[2], e['dur'] / 1e6, e['args']['family'], tuple(e['args']['serves']))
                for e in spans if e['cat'] == 'compile']
    joined = {e['name']: e['dur'] / 1e6 for e in spans if e['cat'] == 'archive'}
    archives = {target: joined[target] for target in document['otherData']['targets'] if target in joined}
    begins = min((event['ts'] / 1e6 for event in spans if event['cat'] == 'compile'), default=0.0)
    said = document['otherData']
    return Traced(compiles, archives, said['own_seconds'] / max(1, len(compiles)), said['workers'],
                  said['before_seconds'] + begins)


def emroot_schedule(traced: Traced, cores: int) -> Run:
    """One pool, the family with most left first, or least for some workers (`engine/schedule.py`, `engine/execution/pool.py`)."""
    families: dict[str, list[SimulatedWork]] = {}
    for compile_ in traced.compiles:
        families.setdefault(compile_.family, []).append(compile_)
    awaited = {target: sum(target in c.serves for c in traced.compiles) for target in traced.archives}
    count = itertools.count()
    ready = sorted((_left(chain), -next(count), family) for family, chain in families.items())
    least = shortest_first_workers(cores)
    free = {False: cores - least, True: least}
    running: list[tuple[float, int, bool, str | None]] = []
    now = python_free = traced.begins
    busy = 0.0
    while ready or running:
        while ready and any(free.values()):
            takes_least = not free[False]
            free[takes_least] -= 1
            _, _, family = ready.pop(0 if takes_least else -1)
            begins = max(now, python_free)
            python_free = begins + traced.own
            seconds = max(families[family][0].seconds, traced.own)
            busy += seconds
            heapq.heappush(running, (begins + seconds, next(count), takes_least, family))
        now, _, takes_least, ended = heapq.heappop(running)
        joining = 0.0
        if ended is not None:
            done = families[ended].pop(0)
            if families[ended]:
                insort(ready, (_left(families[ended]), -next(count), ended))
            for target in done.serves:
                awaited[target] -= 1
                joining += traced.archives[target] if awaited[target] == 0 else 0.0
        if joining:
            busy += joining
            heapq.heappush(running, (now + joining, next(count), takes_least, None))
        else:
            free[takes_least] += 1
    return Run(now, busy / (cores * now))


def embuilder_schedule(traced: Traced, cores: int, starts: Starts = NOTHING) -> Run:
    """One library after the other, its files in batches."""
    now = busy = starts.before
    for target, joining in traced.archives.items():
        mine = sorted((c for c in traced.compiles if target in c.serves), key=lambda c: (c.name.rpartition('.')[2], c.name))
        batches = [starts.emcc + sum(c.seconds for c in batch) for batch in _batches(mine, cores)]
        now = _run_multiple_processes(batches, cores, now) + starts.emar + joining
        busy += sum(batches) + starts.emar + joining
    return Run(now, busy / (cores * now))


def _run_multiple_processes(batches: Sequence[float], cores: int, now: float) -> float:
    """When embuilder knows that all have ended (`tools/shared.py: run_multiple_processes`). While all cores are taken it waits
    for the oldest process; whether others have ended it sees once in 0.2 s."""
    waiting, running = list(reversed(batches)), list[float]()
    while waiting or running:
        if waiting and len(running) < cores:
            running.append(now + waiting.pop())
            continue
        ended = next((end for end in running if end <= now), None)
        if ended is None:
            now, ended = _await(running[0], now)
        if ended is not None:
            running.remove(ended)
    return now


def _await(end: float, now: float) -> tuple[float, float | None]:
    """Python's `Popen.wait` with a timeout of 0.2 s, which looks in growing intervals, 50 ms at most: when it returns, and the
    process's end if it saw that."""
    pause, until = 0.0005, now + 0.2
    while now < end:
        pause = min(2 * pause, until - now, 0.05)
        if pause <= 0:
            return now, None
        now += pause
    return now, end


def calibrated(traced: Traced, workers: int, starts: Starts) -> Traced:
    """The same with compiles that are shorter or longer, all by one factor, so that embuilder's schedule takes as long as
    embuilder did: in a trace they are as long as emroot's own work beside them made them."""
    factor = 1.0
    for _ in range(20 if starts.seconds else 0):
        compiles = [replace(c, seconds=c.seconds * factor) for c in traced.compiles]
        factor *= starts.seconds / embuilder_schedule(replace(traced, compiles=compiles), workers, starts).seconds
    return replace(traced, compiles=[replace(c, seconds=c.seconds * factor) for c in traced.compiles])


def _batches(files: Sequence[SimulatedWork], cores: int) -> list[Sequence[SimulatedWork]]:
    """As `build_objects` cuts them: files of one language together, twice as many batches as cores where there are enough."""
    size = max(1, len(files) // (2 * cores))
    groups = [list(group) for _, group in itertools.groupby(files, key=lambda c: c.name.rpartition('.')[2])]
    return [group[at:at + size] for group in groups for at in range(0, len(group), size)]


def _left(chain: Sequence[SimulatedWork]) -> float:
    return sum(c.seconds for c in chain)


def _record(directory: Path) -> None:
    sdk = find_sdk(dev_home(), get_sdks()[0][0])
    directory.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix='model-', dir=dev_cache()) as scratch:
        record(Bench(sdk, shlex.split(LINK), Path(scratch, 'bench'), Path(scratch, 'home')), directory)


def main(arguments: list[str]) -> int:
    """Print a table, and draw a curve if asked for."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py model', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('trace', nargs='?', type=Path, help='written by `emroot build --trace`')
    parser.add_argument('--plain', type=Path, help='a trace of the same work for embuilder (default: the same trace)')
    for name, what in (('before', 'embuilder takes before its first compile'), ('emcc', 'a start of emcc takes, less clang\'s'),
                       ('emar', 'a start of emar takes, less llvm-ar\'s')):
        parser.add_argument(f'--{name}', type=float, default=0.0, help=f'seconds that {what} (default: %(default)s)')
    parser.add_argument('--recorded', type=Path, metavar='DIR', help='traces and starts of a C++ link\'s libraries, instead of '
                        'all these; recorded there first if DIR is not there, which takes some minutes')
    parser.add_argument('--cores', default=','.join(map(str, CORES)))
    parser.add_argument('--svg', type=Path, help='where to draw both curves')
    args = parser.parse_args(arguments)
    starts = Starts(args.before, args.emcc, args.emar)
    if args.recorded:
        if not args.recorded.exists():
            _record(args.recorded)
        args.trace, args.plain, starts = args.recorded / FORKED, args.recorded / PLAIN, read_starts(args.recorded)
    elif not args.trace:
        parser.error('give a trace, or --recorded')
    traced = read_trace(args.trace)
    if not traced.compiles:
        parser.error(f'{args.trace} is of a build that compiled nothing')
    cores = [int(number) for number in args.cores.split(',')]
    plain = read_trace(args.plain) if args.plain else traced
    if traced.archives.keys() != plain.archives.keys():
        parser.error(f'{args.plain} is of other work: {", ".join(plain.archives)}')
    longest = max(c.seconds for c in plain.compiles)
    plain = calibrated(plain, plain.workers, starts)
    factor = max(c.seconds for c in plain.compiles) / longest
    runs = [(n, emroot_schedule(traced, n), embuilder_schedule(plain, n, starts)) for n in cores]
    print(f'{len(traced.compiles)} compiles of {_left(traced.compiles):.0f} s in {len(traced.archives)} archives, the longest '
          f'{max(c.seconds for c in traced.compiles):.1f} s; {traced.begins:.2f} s before the first, {1000 * traced.own:.1f} ms '
          f'of emroot\'s own for each; embuilder: {starts.before:.2f} s before the first, {starts.emcc:.2f} s for a batch, '
          f'{starts.emar:.2f} s for an archive, its compiles {factor:.2f} times as long as traced\n')
    print('| cores | emroot | cores busy | embuilder\'s schedule | cores busy | times as long |\n|---:|---:|---:|---:|---:|---:|')
    for n, mine, theirs in runs:
        print(f'| {n} | {mine.seconds:.1f} s | {100 * mine.busy:.0f} % | {theirs.seconds:.1f} s | {100 * theirs.busy:.0f} % '
              f'| {theirs.seconds / mine.seconds:.2f} |')
    if args.svg:
        args.svg.write_text(draw(cores, {'emroot': [run.seconds for _, run, _ in runs],
                                         'embuilder': [run.seconds for _, _, run in runs]}), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
