"""`dev.py bench`: measures emroot, emcc on demand, embuilder and embuilder with ninja in turn, and writes BENCHMARKS.md.

Every contender does every round, with each SDK, one after the other, so that what else the machine does hits all alike. Ratios
are medians over the rounds of what a contender took, divided by what the first took that is not emroot.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from support.sdks import get_sdks

from emroot import __version__
from emroot.engine.execution.elf import needed_libraries
from emroot.engine.execution.job_limits import default_workers
from emroot.errors import SdkError
from emroot.sdk import Sdk, find_sdk

from ..paths import ROOT, dev_cache, dev_home, say
from ..static_sdk import static_sdk
from .measure import Timing, measure, middle, ratio
from .work import LINK, Bench, Work

#: Each piece of work that can be asked for: what `Bench.works` calls it, and its link.
WORKS = {
    **{name: (name, LINK) for name in ('help', 'resolve', 'noop', 'new-cache', 'first-link')},
    'first-link-c': ('first-link', 'emcc -O2 -sMEMORY64'),
    'first-link-thinlto': ('first-link', 'em++ -O2 -sMEMORY64 -flto=thin -fwasm-exceptions -pthread'),
    **{name: (name, LINK) for name in ('cmake', 'cmake-again', 'bazel', 'bazel-lazy', 'libraries', 'modes', 'system')},
    'bazel-lazy-c': ('bazel-lazy', 'emcc -O2 -sMEMORY64'),
    'present-link': ('present-link', 'emcc -O0 -sDEFAULT_TO_CXX=0'),
}
#: What takes no time is measured so many times as often; what takes the better part of an hour, once.
QUICK, OFTEN = ('present-link', 'noop', 'help', 'resolve', 'new-cache'), 5
LONG = ('modes', 'system')
SHARED, STATIC = 'shared LLVM', 'static LLVM'
HOW = {SHARED: "as a shared library, as distributions' packages have it", STATIC: 'statically, as in official releases'}


def main(arguments: list[str]) -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py bench', description=__doc__)
    parser.add_argument('--work', default=','.join(WORKS), help='what to measure (default: all, which takes hours)')
    parser.add_argument('--against', default='emcc,embuilder,embuilder with ninja', help='who else (default: all)')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--link', help='another link than the work\'s own')
    parser.add_argument('--sdk', action='append', metavar='ROOT', help='an SDK, or `static` for one whose clang is linked '
                        'statically (repeat it; default: the newest of those that the tests use, and static, side by side)')
    parser.add_argument('--home', type=Path, help='has what work needs that is not to begin with nothing (default: built first)')
    parser.add_argument('--out', type=Path, default=ROOT / 'BENCHMARKS.md')
    args = parser.parse_args(arguments)
    chosen = args.work.split(',')
    if unknown := [name for name in chosen if name not in WORKS]:
        parser.error(f'no such work: {", ".join(unknown)}; there are {", ".join(WORKS)}')
    sdks = {f'{how_linked(sdk)} {sdk.llvm_version}': sdk for sdk in (find_sdk(dev_home(), root) for root in _roots(args.sdk))}
    if not sdks:
        parser.error('there is no SDK; give --sdk')
    began = os.getloadavg() if hasattr(os, 'getloadavg') else (0.0,)
    sections = []
    with tempfile.TemporaryDirectory(prefix='bench-', dir=dev_cache()) as directory, contextlib.ExitStack() as stack:
        benches: dict[tuple[str, str], Bench] = {}
        for name in chosen:
            kind, link = WORKS[name][0], args.link or WORKS[name][1]
            works: dict[str, Work] = {}
            for label, sdk in sdks.items():
                if label.startswith(STATIC) and '-flto' in link:
                    continue  # the linker of the static SDK does not read its compiler's bitcode
                if (label, link) not in benches:
                    home = args.home or Path(directory, 'home')
                    bench = Bench(sdk, shlex.split(link), Path(directory, str(len(benches))), home)
                    benches[label, link] = stack.enter_context(contextlib.closing(bench))
                works[label] = benches[label, link].works()[kind].between(args.against.split(','))
            rounds = 1 if name in LONG else args.rounds * (OFTEN if name in QUICK else 1)
            sections.append(_table(name, link, works, _rounds(name, works, rounds, Path(directory))))
            args.out.write_text(_page(sdks, args, began, sections), encoding='utf-8')
    print(args.out.read_text(encoding='utf-8'))
    return 0


def _roots(given: Sequence[str] | None) -> Iterator[Path]:
    """The SDKs to measure with."""
    if not given:
        yield from get_sdks()[0][:1]
    for each in given or ['static']:
        if each != 'static':
            yield Path(each)
            continue
        try:
            yield static_sdk()
        except SdkError as error:
            say(f'not measured with a static compiler: {error}')


def how_linked(sdk: Sdk) -> str:
    """How an SDK's compiler is linked, which decides what starting it takes."""
    return SHARED if any('LLVM' in name for name in needed_libraries(sdk.tools['clang'])) else STATIC


def _rounds(name: str, works: Mapping[str, Work], rounds: int, work_directory: Path) -> dict[str, dict[str, list[Timing]]]:
    """By SDK, the timings of each contender, round by round, each time in another order. Their directories stay until the end:
    for minutes after files were deleted, ext4 takes a multiple of the time to create some."""
    found: dict[str, dict[str, list[Timing]]] = {label: {each: [] for each in work.contenders} for label, work in works.items()}
    for number in range(rounds):
        order = [(label, each) for label in _turned(works, number) for each in _turned(works[label].contenders, number)]
        for label, contender in order:
            directory = Path(tempfile.mkdtemp(prefix='round-', dir=work_directory))
            timing = measure(works[label].contenders[contender](directory), directory)
            found[label][contender].append(timing)
            say(f'{name} {number + 1}/{rounds} {contender}, {label}: {timing.wall:.2f} s, {timing.cpu:.2f} s of processor')
    return found


def _turned(names: Iterable[str], by: int) -> list[str]:
    """The names in another order for each round: each is the first in turn."""
    each = list(names)
    return each[by % len(each):] + each[:by % len(each)]


def _table(name: str, link: str, works: Mapping[str, Work], found: Mapping[str, Mapping[str, list[Timing]]]) -> str:
    work = next(iter(works.values()))
    count, says, peer = len(next(iter(found.values()))['emroot']), work.says, work.peer
    of_link = '' if name in ('help', 'system') else f' `{link}`.'
    rounds = f'{count} rounds' if count > 1 else 'One round'
    heads = [f'{label}: wall | processor | wall / {peer}\'s | processor / {peer}\'s' for label in found]
    lines = [f'## {name}\n\n{says[0].upper()}{says[1:]}.{of_link} {rounds}.\n',
             f'| | {" | ".join(heads)} |', '|---|' + '---:|---:|---:|---:|' * len(found)]
    for contender in work.contenders:
        cells = []
        for of_sdk in found.values():
            mid, times = middle(of_sdk[contender]), ratio(of_sdk[contender], of_sdk[peer])
            cells += [_seconds(mid.wall), _seconds(mid.cpu), f'{times.wall:.2f}', f'{times.cpu:.2f}']
        lines.append(f'| {contender} | {" | ".join(cells)} |')
    for label, of_sdk in found.items():
        said = [line for line in of_sdk['emroot'][-1].said.splitlines() if 'objects compiled' in line]
        lines += [f'\nSummary that emroot printed in the last round ({label}): `{line}`' for line in said]
    return '\n'.join(lines) + '\n'


def _seconds(seconds: float) -> str:
    return f'{seconds:.1f} s' if seconds >= 10 else f'{seconds:.2f} s' if seconds >= 1 else f'{1000 * seconds:.0f} ms'


def _page(sdks: Mapping[str, Sdk], args: argparse.Namespace, began: tuple[float, ...], sections: list[str]) -> str:
    how_called = f'--work {args.work} --against "{args.against}" --rounds {args.rounds}'
    of_sdks = '\n'.join(f'- {label}: Emscripten {sdk.version} with a compiler that is linked {HOW[how_linked(sdk)]}.'
                        for label, sdk in sdks.items())
    load = f'- The machine was not idle (load {began[0]:.1f} before the run): trust ratios, and processor time most.\n' \
        if began[0] > 0.5 else ''
    return f"""# Benchmarks

Measured with `python3 dev.py bench {how_called}`
on {time.strftime('%Y-%m-%d')}, emroot {__version__}. Each round runs all contenders in turn; values are medians over the rounds.

- Machine: {_processor()}, {default_workers()} processors, {_memory()},
  {platform.system()} {platform.release()}, Python {platform.python_version()}.
{load}{of_sdks}

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
