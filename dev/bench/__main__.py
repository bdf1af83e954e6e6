"""`dev.py bench`: measures emroot, emcc on demand, embuilder and embuilder with ninja in turn, and writes BENCHMARKS.md.

Every contender does every round, one after the other, so that what else the machine does hits all alike. Ratios are medians
over the rounds of what the other took, divided by what emroot took.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path

from support.sdks import get_sdks

from emroot import __version__
from emroot.engine.execution.elf import needed_libraries
from emroot.engine.execution.job_limits import default_workers
from emroot.sdk import Sdk, find_sdk

from ..paths import ROOT, dev_cache, dev_home, say
from ..static_sdk import static_sdk
from .measure import Timing, measure, middle, ratio
from .work import LINK, Bench, Work

#: Each piece of work that can be asked for: what `Bench.works` calls it, and its link.
WORKS = {
    **{name: (name, LINK) for name in ('first-link', 'warm-cache', 'lazy-first', 'lazy-link', 'noop', 'help', 'resolve',
                                       'libraries', 'modes', 'system', 'bazel')},
    'first-link-thinlto': ('first-link', 'em++ -O2 -sMEMORY64 -flto=thin -fwasm-exceptions -pthread'),
    'lazy-first-c': ('lazy-first', 'emcc -O2 -sMEMORY64'),
    'lazy-link-c': ('lazy-link', 'emcc -O2 -sMEMORY64'),
    'present-link': ('present-link', 'emcc -O0 -sDEFAULT_TO_CXX=0'),
}
#: What takes no time is measured so many times as often; what takes the better part of an hour, once.
QUICK, OFTEN = ('present-link', 'noop', 'help', 'resolve'), 5
LONG = ('modes', 'system')


def main(arguments: list[str]) -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py bench', description=__doc__)
    parser.add_argument('--work', default=','.join(WORKS), help='what to measure (default: all, which takes hours)')
    parser.add_argument('--against', default='emcc,embuilder,embuilder with ninja', help='who else (default: all)')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--link', help='another link than the work\'s own')
    parser.add_argument('--sdk', help='an SDK (default: the newest of those that the tests use)')
    parser.add_argument('--static', action='store_true', help='with a clang that is linked statically')
    parser.add_argument('--home', type=Path, help='has what work needs that is not to begin with nothing (default: built first)')
    parser.add_argument('--out', type=Path, default=ROOT / 'BENCHMARKS.md')
    args = parser.parse_args(arguments)
    chosen = args.work.split(',')
    if unknown := [name for name in chosen if name not in WORKS]:
        parser.error(f'no such work: {", ".join(unknown)}; there are {", ".join(WORKS)}')
    roots = [static_sdk()] if args.static else [Path(args.sdk)] if args.sdk else get_sdks()[0]
    if not roots:
        parser.error('there is no SDK; give --sdk')
    sdk = find_sdk(dev_home(), roots[0])
    began = os.getloadavg() if hasattr(os, 'getloadavg') else (0.0,)
    sections = []
    with tempfile.TemporaryDirectory(prefix='bench-', dir=dev_cache()) as directory, contextlib.ExitStack() as stack:
        benches: dict[str, Bench] = {}
        for name in chosen:
            kind, link = WORKS[name][0], args.link or WORKS[name][1]
            if link not in benches:
                bench = Bench(sdk, shlex.split(link), Path(directory, str(len(benches))), args.home or Path(directory, 'home'))
                benches[link] = stack.enter_context(contextlib.closing(bench))
            work = benches[link].works()[kind].between(args.against.split(','))
            rounds = 1 if name in LONG else args.rounds * (OFTEN if name in QUICK else 1)
            sections.append(_table(name, link, work, _rounds(name, work, rounds, Path(directory))))
            args.out.write_text(_page(sdk, args, began, sections), encoding='utf-8')
    print(args.out.read_text(encoding='utf-8'))
    return 0


def _rounds(name: str, work: Work, rounds: int, work_directory: Path) -> dict[str, list[Timing]]:
    """The timings of each contender, round by round, each time in another order."""
    found: dict[str, list[Timing]] = {contender: [] for contender in work.contenders}
    order = list(work.contenders)
    for number in range(rounds):
        for contender in order:
            directory = work_directory / 'round'
            directory.mkdir()
            steps = work.contenders[contender](directory)
            timing = measure(steps, directory)
            found[contender].append(timing)
            say(f'{name} {number + 1}/{rounds} {contender}: {timing.wall:.2f} s, {timing.cpu:.2f} s of processor')
            shutil.rmtree(directory)
        order = order[1:] + order[:1]
    return found


def _table(name: str, link: str, work: Work, found: dict[str, list[Timing]]) -> str:
    mine = found['emroot']
    of_link = '' if name in ('help', 'system') else f' `{link}`.'
    rounds = f'{len(mine)} rounds' if len(mine) > 1 else 'One round'
    lines = [f'## {name}\n\n{work.says[0].upper()}{work.says[1:]}.{of_link} {rounds}.\n',
             '| | wall | processor | wall / emroot\'s | processor / emroot\'s |', '|---|---:|---:|---:|---:|']
    for contender, timings in found.items():
        mid, times = middle(timings), ratio(mine, timings)
        lines.append(f'| {contender} | {_seconds(mid.wall)} | {_seconds(mid.cpu)} | {times.wall:.2f} | {times.cpu:.2f} |')
    said = [line for line in mine[-1].said.splitlines() if 'objects compiled' in line]
    lines += [f'\nSummary that emroot printed in the last round: `{line}`' for line in said]
    return '\n'.join(lines) + '\n'


def _seconds(seconds: float) -> str:
    return f'{seconds:.1f} s' if seconds >= 10 else f'{seconds:.2f} s' if seconds >= 1 else f'{1000 * seconds:.0f} ms'


def _page(sdk: Sdk, args: argparse.Namespace, began: tuple[float, ...], sections: list[str]) -> str:
    how_called = f'--work {args.work} --against "{args.against}" --rounds {args.rounds}{" --static" if args.static else ""}'
    needed = needed_libraries(sdk.tools['clang'])
    how = 'as a shared library' if any('LLVM' in name for name in needed) else 'statically'
    load = f'- The machine was not idle (load {began[0]:.1f} before the run): trust ratios, and processor time most.\n' \
        if began[0] > 0.5 else ''
    return f"""# Benchmarks

Measured with `python3 dev.py bench {how_called}`
on {time.strftime('%Y-%m-%d')}, emroot {__version__}. Each round runs all contenders in turn; values are medians over the rounds.

- Machine: {_processor()}, {default_workers()} processors, {_memory()},
  {platform.system()} {platform.release()}, Python {platform.python_version()}.
{load}- SDK: Emscripten {sdk.version}, LLVM {sdk.llvm_version} linked {how}.

""" + '\n'.join(sections)


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(':')[2].strip() for line in lines if line.startswith('model name')), platform.machine())


def _memory() -> str:
    try:
        return f'{os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30):.0f} GB of memory'
    except (AttributeError, ValueError, OSError):
        return 'memory unknown'


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
