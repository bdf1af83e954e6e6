"""`dev.py upstream-tests`: tests of Emscripten's own suite with plain emcc and below emroot, in the same run.

    python3 dev.py upstream-tests                          those of tests.txt that were not run yet
    python3 dev.py upstream-tests --slice 40 --ways lazy
    python3 dev.py upstream-tests --unrecorded --quick --write    those that nobody has put on record yet
    python3 dev.py upstream-tests core0.test_hello_world 'other.test_dwarf*'
    python3 dev.py upstream-tests --again --write          all of them anew; and the table in the documentation
    python3 dev.py upstream-tests --known                  none: the table of what ran

Results are kept as they come, for each version of the SDK, and a portion of the tests is run in all ways before the next:
a run that was ended goes on where it was. With --write, they are put on record (record.txt), too, and into the documentation. It
ends with 1 if a test that passes with plain emcc fails with emroot, twice.
"""

from __future__ import annotations

import argparse
import fnmatch
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.sdks import get_sdks

from dev.paths import ROOT, dev_home, say
from emroot.host.files import remove_tree
from emroot.sdk import find_sdk
from emroot.store import try_lock

from .results import (
    NOT_RUN,
    PEER,
    Outcomes,
    read_outcomes,
    read_record,
    suite_of,
    table,
    together,
    worse,
    write_page,
    write_record,
)
from .suite import clean, get_python, get_suite
from .ways import NOT_FROZEN, WAYS, Ground, learn, prepare

LIST = Path(__file__).with_name('tests.txt')
PAGE = ROOT / 'docs' / 'explanation' / 'upstream-tests.md'
#: What is known of tests that ran, on whatever machine.
RECORD = Path(__file__).with_name('record.txt')
RECORDER = Path(__file__).with_name('recorder.py')
#: Seconds of the clock that a test may take, in which it may have libraries built.
LIMIT = 900
#: Tests that one process of the runner gets.
PORTION = 20
#: Seconds to wait for a portion of another run, which has the same directories.
WAIT = 600
#: Seconds in which another run can take its turn.
TURN = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Run tests, each way, and compare."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py upstream-tests', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='tests, or patterns of those in tests.txt')
    parser.add_argument('--ways', default=','.join(WAYS), help='default: %(default)s')
    parser.add_argument('--slice', type=int, default=0, metavar='N', help='N of them, evenly spread')
    parser.add_argument('--again', action='store_true', help='run those, too, that were run before')
    parser.add_argument('--unrecorded', action='store_true', help='run only those that are not on record in all ways')
    parser.add_argument('--quick', action='store_true', help='plain emcc runs only what fails with emroot')
    parser.add_argument('--known', action='store_true', help='run nothing; show what is known of earlier runs')
    parser.add_argument('--write', action='store_true', help='put results on record, and into the documentation')
    args = parser.parse_args(argv)
    roots, missing = get_sdks(('6',))
    if not roots:
        say('\n'.join(missing))
        return 1
    home = dev_home()
    sdk = find_sdk(home, roots[0])
    root = get_suite(sdk)
    ground = Ground(root, home, root.parent / 'ways')
    ground.directory.mkdir(parents=True, exist_ok=True)
    names, ways = chosen(args.names, listed(), args.slice), [way for way in args.ways.split(',') if way != PEER]
    record = read_record(RECORD, sdk.version)
    if args.unrecorded:
        names = [name for name in names if any(runs(way, name) and name not in record.get(way, {}) for way in ways)]
    wrong = []
    for number, portion in enumerate(portions(names if not args.known else [])):
        time.sleep(TURN if number else 0)
        with try_lock(ground.directory / 'lock', seconds=WAIT) as free:
            if not free:
                say(f'another run uses {ground.directory}')
                return 1
            wrong += [f'{way}: {name}' for way, name in compare(ground, ways, portion, again=args.again, quick=args.quick)]
    results = {way: read_outcomes(_file(ground, way)) for way in (PEER, *ways)}
    shown = together(record, results) if args.known or args.write else results
    sys.stdout.write(table(_only(names, shown)))
    if args.write:
        write_record(RECORD, sdk.version, shown)
        write_page(PAGE, table(_only(listed(), shown)))
    lost = [f'{way}: {name}' for way in ways for name in names if name not in results[way] and runs(way, name)]
    if args.known:
        wrong, lost = [f'{way}: {name}' for way in ways for name in worse(shown[PEER], shown[way])], []
    for line in wrong:
        say(f'passes with plain emcc, and not with {line}')
    for line in lost:
        say(f'no result, {line}: see {ground.directory}')
    return 1 if wrong or lost else 0


def listed() -> list[str]:
    """The tests of the list."""
    lines = (line.partition('#')[0].strip() for line in LIST.read_text(encoding='utf-8').splitlines())
    return [line for line in lines if line]


def chosen(patterns: Sequence[str], names: Sequence[str], size: int = 0) -> list[str]:
    """Those that patterns select, all without one; a name that is no pattern need not be listed. `size` of them at most."""
    found = [name for pattern in patterns or ['*'] for name in (fnmatch.filter(names, pattern) or [pattern])]
    step = max(1, len(found) // size) if size else 1
    return list(dict.fromkeys(found))[::step][:size or None]


def portions(names: Sequence[str]) -> Iterator[list[str]]:
    """Tests that are run together: of one suite, which share libraries."""
    for _, tests in itertools.groupby(names, suite_of):
        suite = list(tests)
        yield from (suite[at:at + PORTION] for at in range(0, len(suite), PORTION))


def compare(ground: Ground, ways: Sequence[str], names: Sequence[str], *, again: bool, quick: bool) -> Iterator[tuple[str, str]]:
    """Run tests with plain emcc and each way. The ways and names of those that pass with plain emcc alone, and do so again."""
    if not quick:
        prepare(ground, {suite_of(name) for name in names if again or name not in read_outcomes(_file(ground, PEER))})
        run_all(ground, PEER, names, again=again)
        learn(ground)
    found = {way: run_all(ground, way, names, again=again) for way in ways if runs(way, names[0])}
    for way, own in found.items():
        doubtful = [name for name in names if name not in own or own[name].state != 'passed']
        for once_more in (False, True):  # what failed may have failed by chance
            if doubtful:
                peer = run_all(ground, PEER, doubtful, again=once_more)
                doubtful = worse(peer, run_all(ground, way, doubtful, again=once_more))
        yield from ((way, name) for name in doubtful)


def runs(way: str, name: str) -> bool:
    """Whether a test is run this way."""
    return way != 'frozen' or suite_of(name) not in NOT_FROZEN


def run_all(ground: Ground, way: str, names: Sequence[str], *, again: bool) -> Outcomes:
    """Run tests one way; what became of each. Those that were run before are not, unless `again`."""
    file = _file(ground, way)
    known = {} if again else read_outcomes(file)
    left = [name for name in names if name not in known]
    if left:
        say(f'{way}: {len(left)} of {suite_of(left[0])}')
        prefix, env = WAYS[way](ground)
        clean(ground.root)
        temporary = ground.directory / 'tmp'  # what others remove from the machine's own does no harm here
        remove_tree(temporary)
        temporary.mkdir()
        command = [*prefix, str(get_python()), '-E', '-B', str(RECORDER), str(file), str(ground.root), str(LIMIT), *left]
        env['TMPDIR'] = str(temporary)
        with open(file.with_suffix('.log'), 'ab') as log, subprocess.Popen(
                command, env=env, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True) as runner:
            runner.wait()  # it ends, with all that it started, when its standard input does: with this process
    outcomes = read_outcomes(file)
    return {name: outcomes.get(name, NOT_RUN) for name in names}


def _only(names: Sequence[str], results: dict[str, Outcomes]) -> dict[str, Outcomes]:
    return {way: {name: outcome for name, outcome in found.items() if name in names} for way, found in results.items()}


def _file(ground: Ground, way: str) -> Path:
    return ground.directory / f'{way}.jsonl'


if __name__ == '__main__':
    sys.exit(main())
