"""`dev.py upstream-tests`: tests of Emscripten's own suite with plain emcc and below emroot, in the same run.

    python3 dev.py upstream-tests                          those of tests.txt that were not run yet
    python3 dev.py upstream-tests --slice 40 --ways plain,lazy
    python3 dev.py upstream-tests core0.test_hello_world 'other.test_dwarf*'
    python3 dev.py upstream-tests --again --write          all of them anew; and the table in the documentation

It ends with 1 if a test that passes with plain emcc fails with emroot, twice.
"""

from __future__ import annotations

import argparse
import fnmatch
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dev.paths import ROOT, dev_home, get_sdks, say
from emroot.host.files import remove
from emroot.sdk import find_sdk

from .results import PEER, Outcomes, read_outcomes, suite_of, table, worse, write_page
from .suite import clean, get_python, get_suite
from .ways import WAYS, Ground, learn, prepare

LIST = Path(__file__).with_name('tests.txt')
PAGE = ROOT / 'docs' / 'explanation' / 'upstream-tests.md'
RECORDER = Path(__file__).with_name('recorder.py')
#: Seconds of the clock that a test may take, in which it may have libraries built.
LIMIT = 900
#: Tests that one process of the runner gets.
PORTION = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run tests, each way, and compare."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py upstream-tests', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='tests, or patterns of those in tests.txt')
    parser.add_argument('--ways', default=','.join(WAYS), help='default: %(default)s')
    parser.add_argument('--slice', type=int, default=0, metavar='N', help='N of them, evenly spread')
    parser.add_argument('--again', action='store_true', help='run those, too, that were run before')
    parser.add_argument('--write', action='store_true', help='put the table into the documentation')
    args = parser.parse_args(argv)
    roots, missing = get_sdks(('6',))
    if not roots:
        say('\n'.join(missing))
        return 1
    home = dev_home()
    root = get_suite(find_sdk(home, roots[0]))
    ground = Ground(root, home, root.parent / 'ways')
    names = chosen(args.names, listed(), args.slice)
    ways = [PEER, *(way for way in args.ways.split(',') if way != PEER)]
    results = {way: run_all(ground, way, names, again=args.again) for way in ways}
    wrong = [f'{way}: {name}' for way in ways for name in confirmed(ground, way, worse(results[PEER], results[way]))]
    results = {way: read_outcomes(_file(ground, way)) for way in ways}
    text = table({way: {name: outcome for name, outcome in found.items() if name in names} for way, found in results.items()})
    sys.stdout.write(text)
    if args.write:
        write_page(PAGE, text)
    for line in wrong:
        say(f'passes with plain emcc, and not with {line}')
    return 1 if wrong else 0


def listed() -> list[str]:
    """The tests of the list."""
    lines = (line.partition('#')[0].strip() for line in LIST.read_text(encoding='utf-8').splitlines())
    return [line for line in lines if line]


def chosen(patterns: Sequence[str], names: Sequence[str], size: int = 0) -> list[str]:
    """Those that patterns select, all without one; a name that is no pattern need not be listed. `size` of them at most."""
    found = [name for pattern in patterns or ['*'] for name in (fnmatch.filter(names, pattern) or [pattern])]
    step = max(1, len(found) // size) if size else 1
    return list(dict.fromkeys(found))[::step][:size or None]


def run_all(ground: Ground, way: str, names: Sequence[str], *, again: bool) -> Outcomes:
    """Run tests one way; what became of each. Those that were run before are not, unless `again`."""
    file = _file(ground, way)
    known = {} if again else read_outcomes(file)
    left = [name for name in names if name not in known]
    if left:
        file.parent.mkdir(parents=True, exist_ok=True)
        if way == PEER:
            prepare(ground, dict.fromkeys(map(suite_of, left)))
        prefix, env = WAYS[way](ground)
        for at in range(0, len(left), PORTION):
            say(f'{way}: {at} of {len(left)}')
            clean(ground.root)
            command = [*prefix, str(get_python()), '-E', '-B', str(RECORDER), str(file), str(ground.root), str(LIMIT),
                       *left[at:at + PORTION]]
            with open(file.with_suffix('.log'), 'ab') as log:
                subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
        if way == PEER:
            learn(ground)
    outcomes = read_outcomes(file)
    return {name: outcomes[name] for name in names if name in outcomes}


def confirmed(ground: Ground, way: str, names: Sequence[str]) -> list[str]:
    """Those that fail this way again, while they pass again with plain emcc."""
    if not names:
        return []
    for each in (PEER, way):
        run_all(ground, each, names, again=True)
    return worse(read_outcomes(_file(ground, PEER)), {name: outcome for name, outcome in read_outcomes(_file(ground, way)).items()
                                                      if name in names})


def forget(ground: Ground) -> None:
    """Forget all results."""
    for way in WAYS:
        remove(_file(ground, way))


def _file(ground: Ground, way: str) -> Path:
    return ground.directory / f'{way}.jsonl'


if __name__ == '__main__':
    sys.exit(main())
