"""Disks that fill up, folders that may not be written to or read, future times, no hard links."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from dev.paths import say

from .bench import PATIENCE, Tally, TortureBench, files_below

#: Folders of a home that are made read-only, then unreadable; those of the cache directory begin with `cache/`.
FOLDERS = ('store', 'store/blobs', 'store/records', 'store/tmp', 'store/locks', 'store/trees', 'store/records/archive', 'memo',
           'caches', 'logs', '.', 'cache/.', 'cache/.emroot', 'cache/sysroot', 'cache/sysroot/lib')
YEAR = 365 * 86400
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2
#: Python that a subprocess runs before anything else, so that a system call is refused as on disks that do not have it.
_REFUSE = 'import errno, os, {module}\n' \
          'def refuse(*_, **__):\n    raise OSError(errno.{number}, "refused by torture")\n{module}.{name} = refuse\n'


def full(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """Each round lets a disk fill up somewhere, and forbids a folder as long as there are some; then every other kind of want
    once."""
    tally = Tally('full')
    for want in (_full_disks, _other_disk, _forbidden_folders, _future_times, _no_hard_links):
        want(bench, tally, rounds, chance)
    return tally


@contextlib.contextmanager
def _disk(directory: Path, tally: Tally, what: str) -> Iterator[Path | None]:
    """A disk in memory; None, said loudly, where none can be had."""
    directory.mkdir()
    made = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=500m', 'none', str(directory)], capture_output=True, text=True,
                          check=False)
    if made.returncode != 0:
        say(f'full: CANNOT RUN {what}: no disk can be mounted here: {made.stderr.strip()}')
        tally.counts[f'COULD NOT RUN: {what}'] += 1
        if os.environ.get('CI', '').lower() in ('1', 'true'):
            tally.check(['in CI everything has to run'], what)
        yield None
        return
    try:
        yield directory
    finally:
        subprocess.run(['umount', '--lazy', str(directory)], check=True)


def _full_disks(bench: TortureBench, tally: Tally, rounds: int, chance: random.Random) -> None:
    def used() -> int:
        found = os.statvfs(disk)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def resize(size: int) -> None:
        subprocess.run(['mount', '-o', f'remount,size={size // 4096 * 4096}', str(disk)], check=True)

    with _disk(bench.work / 'disk', tally, 'full disks') as disk:
        if disk is None:
            return
        home = bench.work / 'disk' / 'home'
        shutil.copytree(bench.home('seed'), home, symlinks=True)
        empty = used()
        tally.check(bench.wrong_after_build(home), 'with space')
        needed = used() - empty
        for number in range(rounds):
            for folder in ('cache', 'caches', 'store/blobs', 'store/records', 'store/locks', 'store/damaged'):
                shutil.rmtree(home / folder, ignore_errors=True)
            spare = int(needed * chance.uniform(0, 1.05)) if chance.random() < 0.8 else chance.randrange(16) * 4096
            resize(used() + max(spare, 4096))
            ran = bench.build(home)
            tally.counts['disks that filled up' if ran.code == 6 else 'that just sufficed'] += 1
            when = f'round {number}, {spare >> 10} KiB of {needed >> 10} left'
            tally.check(ran.problems(0, 6), when)
            if ran.code == 6 and 'no space left' not in ran.err:
                tally.check([f'what is wrong is not said: {ran.err[-300:]}'], when)
            resize(500 << 20)
            tally.check(bench.wrong_after_build(home) + bench.left_behind(home), when)
            tally.check(bench.run(home, 'verify').problems(0), when)


def _other_disk(bench: TortureBench, tally: Tally, _: int, __: random.Random) -> None:
    with _disk(bench.work / 'other', tally, 'a cache directory on another disk') as disk:
        if disk is None:
            return
        home = bench.home('other-home')
        for _ in range(2):
            tally.check(bench.run(home, *bench.request(), '--cache', disk / 'cache').problems(0), 'another disk')
            tally.check(bench.differences(disk / 'cache'), 'another disk')
            next(files_below(disk / 'cache' / 'sysroot' / 'lib')).unlink()
        tally.counts['on another disk'] += 2


def _forbidden_folders(bench: TortureBench, tally: Tally, rounds: int, chance: random.Random) -> None:
    home = bench.full_home('forbidden')
    as_user = _heed_permissions if os.geteuid() == 0 else None
    for folder in sorted(chance.sample(FOLDERS, min(rounds, len(FOLDERS)))):
        top = bench.cache(home) / folder.removeprefix('cache/') if folder.startswith('cache/') else home / folder
        for mode in (0o555, 0):
            when = f'{folder} with mode {mode:o}'
            shutil.rmtree(home / 'store' / 'records' / 'archive', ignore_errors=True)
            for path in list(files_below(bench.cache(home) / 'sysroot' / 'lib'))[::2]:
                path.unlink()
            folders = [top, *(path for path in top.rglob('*') if path.is_dir())] if folder.startswith('store/') else [top]
            modes = {path: path.stat().st_mode & 0o7777 for path in folders if path.is_dir()}
            for path in reversed(modes):
                path.chmod(mode)
            ran = bench.build(home, preexec_fn=as_user)
            for path, was in modes.items():
                path.chmod(was)
            tally.counts['forbidden folders refused' if ran.code == 6 else 'forbidden folders not needed'] += 1
            tally.check(ran.problems(0, 6), when)
            tally.check(bench.wrong_after_build(home) + bench.left_behind(home), when)


def _heed_permissions() -> None:
    """Before a program starts: root gives up being refused nothing, and is asked for permission like anybody."""
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        if ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            os._exit(99)


def _future_times(bench: TortureBench, tally: Tally, _: int, __: random.Random) -> None:
    home = bench.home('future')
    with bench.start(home, *bench.request()) as process:
        time.sleep(1)
        os.killpg(process.pid, signal.SIGKILL)
    future = time.time() + YEAR
    for path in [path for top in (home / 'store', bench.cache(home)) for path in files_below(top)]:
        os.utime(path, (future, future))
    tally.check(bench.wrong_after_build(home) + bench.left_behind(home), 'times of the future')
    tally.check(bench.run(home, 'gc', '--max-size', '1').problems(0), 'gc with times of the future')
    late = [path for path in files_below(home / 'store' / 'records') if path.stat().st_mtime > time.time() + 3600]
    tally.check([f'{len(late)} records will be kept for a year'] if late else [], 'gc with times of the future')
    tally.check(bench.wrong_after_build(home), 'after gc with times of the future')
    tally.counts['clock set back'] += 1


def _refusing(bench: TortureBench, module: str, name: str, number: str) -> dict[str, str]:
    """What to set so that a function of Python's is refused in a subprocess."""
    directory = bench.work / f'no-{name}'
    directory.mkdir()
    (directory / 'sitecustomize.py').write_text(_REFUSE.format(module=module, name=name, number=number), encoding='utf-8')
    return {'PYTHONPATH': str(directory)}


def _no_hard_links(bench: TortureBench, tally: Tally, _: int, __: random.Random) -> None:
    home = bench.home('no-links')
    env = _refusing(bench, 'os', 'link', 'EPERM')
    tally.check(bench.wrong_after_build(home, env=env), 'no hard links')
    linked = [path for path in files_below(bench.cache(home)) if path.stat().st_nlink > 1]
    tally.check([f'{linked[0]} is a hard link all the same'] if linked else [], 'no hard links')
    with bench.start(home, *bench.request(), env=env) as process:
        process.wait(PATIENCE)
    tally.check(bench.left_behind(home), 'no hard links')
    tally.counts['without hard links'] += 1
