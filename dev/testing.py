"""`dev.py test`: get what the tests need, run them, and say what could not run.

The default tests are what everybody runs; `--slow` adds the slow ones, `--share K/N` a part of those. `--share auto` (what CI
runs) takes another part each time: the number of the run decides in GitHub's workflows, elsewhere the number of
commits, so that a commit is tested alike wherever that is, and the next one has the next share.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from support.sdks import get_sdks

from .paths import ROOT, dev_cache, dev_home, say

#: Parts of the tests, those with the longest waits first: they are begun first.
PARTS = tuple(f'tests/{part}' for part in ('bazel', 'sdk', 'remote', 'browser', 'project', 'unit', 'windows'))
#: Those that need no SDK.
WITHOUT_SDK = ('tests/unit', 'tests/windows')
#: How many shares `--share auto` deals in: a prime, so that each has its turn in whatever rhythm CI runs.
SHARES = 13


def main(arguments: list[str]) -> int:
    """Run the static checks and pytest. In CI (CI=true) whatever cannot run is a failure."""
    began = time.monotonic()
    which, said, chosen = _which(arguments)
    roots, missing = _sdks(chosen)
    say(said)
    checking = None if chosen else subprocess.Popen([sys.executable, '-m', 'dev.check'], stdout=subprocess.PIPE,
                                                    stderr=subprocess.STDOUT, text=True)
    env = {**os.environ, 'EMROOT_TEST_SDKS': os.pathsep.join(map(str, roots)), 'EMROOT_TEST_HOME': str(dev_home().root),
           'PYTHONPYCACHEPREFIX': str(dev_cache() / 'bytecode')}  # modules are compiled once, and nothing lies about in the clone
    env.pop('PYTHONDONTWRITEBYTECODE', None)
    parts = () if _paths(chosen) else PARTS
    tested = subprocess.run([sys.executable, '-m', 'pytest', *which, *_in_parallel(chosen), *chosen, *parts], env=env,
                            cwd=ROOT, check=False).returncode
    checked = 0
    if checking:
        print('\nstatic checks (ruff, mypy):', checking.communicate()[0].strip(), sep='\n')
        checked = checking.returncode
    for problem in missing:
        say(f'CANNOT RUN: {problem}')
    say(said)
    say(f'tested in {time.monotonic() - began:.0f} s with {len(roots)} SDKs: {", ".join(map(str, roots))}')
    if missing and os.environ.get('CI', '').lower() in ('1', 'true'):
        say('failed: in CI everything has to run')
        return 1
    return tested or checked


def _which(arguments: list[str]) -> tuple[list[str], str, list[str]]:
    """Pytest's options for the tests that are asked for, what is said of them, and the other arguments."""
    rest = [argument for argument in arguments if argument != '--slow']
    if '--slow' in arguments:
        return [], 'all tests', rest
    if '--share' in rest:
        at = rest.index('--share')
        share, rest = ''.join(rest[at + 1:at + 2]), rest[:at] + rest[at + 2:]
        share = automatic_share() if share == 'auto' else share
        return ['--share', share], f'default tests and share {share} of the slow ones: python3 dev.py test --share {share}', rest
    if '-m' in rest:
        return [], f'tests that are {rest[rest.index("-m") + 1]}', rest
    return ['-m', 'not slow'], 'default tests, without the slow ones: python3 dev.py test --slow', rest


def automatic_share() -> str:
    """`K/N`, another one each time."""
    number = os.environ.get('GITHUB_RUN_NUMBER', '') or _commits()
    return f'{(int(number) if number.isdecimal() else int(time.time() // 3600)) % SHARES + 1}/{SHARES}'


def _commits() -> str:
    """The number of commits up to this one; empty if unknown."""
    try:
        counted = subprocess.run(['git', 'rev-list', '--count', 'HEAD'], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ''
    return counted.stdout.strip()


def _paths(chosen: list[str]) -> list[str]:
    """Those of pytest's arguments that name tests. Without any (`--random-order`, `-k NAME`) all parts are meant."""
    return [argument for argument in chosen if (ROOT / argument.partition('::')[0]).exists()]


def _sdks(chosen: list[str]) -> tuple[list[Path], list[str]]:
    """The SDKs to test with, and what is missing; none if no chosen test needs one."""
    paths = _paths(chosen)
    if paths and all(path.startswith(WITHOUT_SDK) for path in paths):
        return [], []
    say('getting the SDKs to test with')
    return get_sdks()


def _in_parallel(chosen: list[str]) -> list[str]:
    """Whole parts run several files at once, one more than there are processors, since tests wait, too. A file's tests share
    what they set up."""
    paths = _paths(chosen)
    if '-n' in chosen or (paths and not any((ROOT / path).is_dir() for path in paths)):
        return []
    return ['-n', str((os.cpu_count() or 1) + 1), '--dist', 'loadfile', '--no-loadscope-reorder', '--durations=10',
            '--durations-min=1']


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
