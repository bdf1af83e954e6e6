"""Odd circumstances: a builder that stops, no locks, a wrong clock, two versions of emroot on one home."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dev.paths import ROOT, say

from .bench import Tally, TortureBench, contents, files_below, finish
from .operations import forget
from .preloads import NoCompiler, clock_ahead, without_locks

#: Seconds for which others may wait for what a stopped builder holds: the lock of headers (120), and of each compile (60).
LIMIT = 300
#: Commits before this one, where no release is tagged.
_BACK = 100
#: What a version calls itself that stands in for an older one.
_OTHER = '0.0.9'
_YEARS = {'1980': 315_705_600, '2040': 2_209_075_200}


def stopped(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """Each round stops a builder somewhere, has another do all the work, and lets the first go on; the second without headers."""
    tally, longest = Tally('stopped'), 0.0
    for number in range(rounds):
        home = bench.home(f'stopped-{number}', headers=number != 1)
        when = f'round {number}'
        with bench.start(home, *bench.request()) as first:
            time.sleep(chance.uniform(0.2, 2.0))
            stopped_in_time = first.poll() is None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(first.pid, signal.SIGSTOP)
            began = time.monotonic()
            try:
                second = bench.run(home, *bench.request(), patience=LIMIT)
                longest = max(longest, time.monotonic() - began)
                tally.check(second.problems(0) + bench.differences(bench.cache(home)), f'{when}, while the first is stopped')
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(first.pid, signal.SIGCONT)
            tally.check(finish(first).problems(0) + bench.differences(bench.cache(home)), f'{when}, when the first went on')
        tally.check(bench.run(home, 'verify').problems(0) + bench.left_behind(home), when)
        tally.counts['builders stopped' if stopped_in_time else 'too late'] += 1
        shutil.rmtree(home)
    tally.counts['seconds that others took at most'] = round(longest)
    return tally


def locks(bench: TortureBench, rounds: int, _: random.Random) -> Tally:
    """Four at once into one cache directory, from nothing, where no lock can be had: work is done several times, and right."""
    tally = Tally('locks')
    with _compiler(tally):
        env = without_locks(bench.work)
        for number in range(rounds):
            home, when = bench.home(f'no-locks-{number}', headers=False), f'round {number}'
            processes = [bench.start(home, *bench.request(jobs=1), env=env) for _ in range(4)]
            tally.check([problem for process in processes for problem in finish(process).problems(0)], when)
            wrong = [path for path, digest in contents(bench.cache(home)).items() if bench.reference.get(path) != digest]
            tally.check([f'{path} differs' for path in wrong[:5]], when)
            for arguments in (['import', bench.bundle], ['verify'], ['gc', '--max-size', '1'], ['run', '--', 'true']):
                tally.check(bench.run(home, *arguments, env=env).problems(0), when)
            tally.check(bench.wrong_after_build(home, env=env) + bench.wrong_after_build(home), when)
            tally.counts['processes without locks'] += len(processes) + 5
            shutil.rmtree(home)
    return tally


def clocks(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """Commands in 1980, now and 2040, on one home whose files have times of all of them."""
    tally = Tally('clocks')
    with _compiler(tally):
        home, now = bench.full_home('clocks'), time.time()
        ages = {year: clock_ahead(bench.work, int(then - now)) for year, then in _YEARS.items()}
        said = subprocess.run([sys.executable, '-c', 'import time; print(time.gmtime().tm_year)'], capture_output=True, text=True,
                              env={**os.environ, **ages['2040']}, check=True).stdout.strip()
        tally.check([f'it is {said} and not 2040'] if said != '2040' else [], 'the clock itself')
        for number in range(rounds):
            year = chance.choice([*ages, *ages, 'now'])
            if chance.random() < 0.5:
                _age(home, chance.choice([*_YEARS.values(), now]), chance)
            for path in list(files_below(home / 'store/records')):
                if chance.random() < 0.3 and 'tree' not in path.parts:
                    path.unlink()
            shutil.rmtree(bench.cache(home) / 'sysroot/lib', ignore_errors=True)
            env, when = ages.get(year, {}), f'round {number}, in {year}'
            tally.check(bench.wrong_after_build(home, env=env), when)
            for arguments in (['gc', '--max-age', '90d'], ['gc', '--max-size', '1'], ['verify'], ['run', '--', 'true']):
                tally.check(bench.run(home, *arguments, env=env).problems(0), f'{when}: {" ".join(arguments)}')
            tally.check(bench.wrong_after_build(home), f'{when}, and then now')
            tally.counts[f'rounds in {year}'] += 1
    return tally


def versions(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """This emroot and an older one by turns, and both at once, on one home and cache directory."""
    tally = Tally('versions')
    older = _older(bench.work / 'older')
    home, env = bench.home('versions', headers=False), {'PYTHONPATH': str(older)}
    for number in range(rounds):
        when = f'round {number}'
        forget(bench, home, 0.5, chance)
        turns = [env, {}]
        chance.shuffle(turns)
        both = [bench.start(home, *bench.request(jobs=1), env=turn) for turn in turns] if number % 3 == 0 else []
        tally.check([problem for process in both for problem in finish(process).problems(0)], f'{when}, both at once')
        for turn in turns:
            tally.check(bench.wrong_after_build(home, env=turn), f'{when}, {"older" if turn else "this one"}')
            tally.check(bench.run(home, 'verify', env=turn).problems(0), f'{when}, verify of the {"older" if turn else "newer"}')
            tally.counts['builds of the older' if turn else 'of this one'] += 1
    return tally


@contextlib.contextmanager
def _compiler(tally: Tally) -> Iterator[None]:
    try:
        yield
    except NoCompiler as why:
        cannot_run(tally, str(why))


def _age(home: Path, then: float, chance: random.Random) -> None:
    """Give half of the files the time."""
    for top in (home / 'store', home / 'cache', home / 'memo'):
        for path in files_below(top):
            if chance.random() < 0.5:
                os.utime(path, (then, then))


def _older(target: Path) -> Path:
    """The modules of the last release, or of long ago; in a checkout without history, today's under another version number."""
    def git(*arguments: str) -> bytes:
        return subprocess.run(['git', '-C', str(ROOT), *arguments], capture_output=True, check=True).stdout
    target.mkdir()
    try:
        tags = git('tag', '--merged', 'HEAD', '--sort=-v:refname').decode().split()
        commit = tags[0] if tags else git('rev-list', '--first-parent', 'HEAD').decode().split()[_BACK]
        packed = git('archive', commit, 'src')
    except (OSError, subprocess.CalledProcessError, IndexError) as why:
        say(f'versions: there is no older emroot ({why}): this one as version {_OTHER}')
        shutil.copytree(ROOT / 'src', target / 'src', ignore=shutil.ignore_patterns('__pycache__'))
        package = target / 'src/emroot/__init__.py'
        text = package.read_text(encoding='utf-8')
        package.write_text(re.sub(r"^__version__ = .*", f"__version__ = '{_OTHER}'", text, flags=re.MULTILINE), encoding='utf-8')
    else:
        subprocess.run(['tar', '-x'], input=packed, cwd=target, check=True)
    return target / 'src'


def cannot_run(tally: Tally, why: str) -> None:
    """Say that a part cannot run, loudly; in CI that is a problem."""
    say(f'{tally.part}: CANNOT RUN: {why}')
    tally.counts[f'COULD NOT RUN: {why}'] += 1
    if os.environ.get('CI', '').lower() in ('1', 'true'):
        tally.check(['in CI everything has to run'], why)
