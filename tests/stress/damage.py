"""Damage of every kind to everything a home and its cache directories hold: noticed, healed, and never linked."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from .bench import Tally, TortureBench, files_below

_Files = Callable[[Path, list[Path]], list[Path]]


def _of_caches(find: Callable[[Path], Iterable[Path]]) -> _Files:
    return lambda home, caches: [path for cache in caches for path in find(cache)]


#: What is damaged, by its name: files of a home and its cache directories.
VICTIMS: dict[str, _Files] = {
    'blob': lambda home, _: list(files_below(home / 'store' / 'blobs')),
    'record': lambda home, _: list(files_below(home / 'store' / 'records')),
    'archive': _of_caches(lambda cache: files_below(cache / 'sysroot' / 'lib')),
    'header': _of_caches(lambda cache: files_below(cache / 'sysroot' / 'include')),
    'header in the store': lambda home, _: list(files_below(home / 'store' / 'trees')),
    'stamp': _of_caches(lambda cache: (cache / 'sysroot_install.stamp', cache / 'sanity.txt')),
    'mark': _of_caches(lambda cache: (p for p in files_below(cache / '.emroot') if p.suffix == '.json')),
    'memo': lambda home, _: [p for p in files_below(home / 'memo') if p.suffix != '.pyc'],
    'bytecode': lambda home, _: [p for p in files_below(home / 'memo') if p.suffix == '.pyc'],
    'configuration': lambda home, _: list(files_below(home / 'run')),
}
ACTIONS = ('flip', 'cut', 'empty', 'delete', 'swap', 'unreadable', 'replace', 'rot')
#: What `verify` does not look at: facts that are asked again when they are not what they were.
_ASKED_AGAIN = ('memo', 'bytecode', 'configuration')


def damage(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """As many blows as rounds, one to five at a time; then either `verify` has to notice and fix, or the next build has to."""
    tally = Tally('damage')
    home = bench.full_home('damage')
    other = home / 'another-cache'
    caches = [bench.cache(home), other]
    for arguments in (bench.request('--cache', other), ['run', '--', 'true']):
        tally.check(bench.run(home, *arguments).problems(0), 'before')
    while (number := tally.counts.total()) < rounds:
        blows = [strike(home, caches, chance) for _ in range(min(chance.choice([1, 1, 2, 3, 5]), rounds - number))]
        tally.counts.update(action for _, action, _ in blows)
        by_verify = chance.random() < 0.5 or any(action == 'rot' for _, action, _ in blows)
        when = f'after {number} blows, {"verify" if by_verify else "build"} after ' + \
            ', '.join(f'{action} of {what} {path.relative_to(home)}' for what, action, path in blows)
        if by_verify:
            noticed = any(_is_noticed(*blow) for blow in blows) and len({path for _, _, path in blows}) == len(blows)
            tally.check(bench.run(home, 'verify').problems(*([6] if noticed else [0, 6])), when)
            tally.check(bench.run(home, 'verify', '--repair').problems(0, *([6] if len(blows) > 1 else [])), when)
        tally.check(_wrong(bench, home, other, chance), when)
        if not by_verify or len(blows) > 1:
            bench.run(home, 'verify', '--repair')  # what no link reads may stay damaged until it is of use
        tally.check(bench.run(home, 'verify').problems(0), f'{when}, in the end')
    return tally


def _wrong(bench: TortureBench, home: Path, other: Path, chance: random.Random) -> list[str]:
    """What is wrong with builds into both cache directories, and with a run; now and then the SDK is asked anew."""
    if chance.random() < 0.2:
        for path in (home / 'memo' / 'probe').glob('*/*/*/*.json'):
            path.unlink()
    problems = bench.wrong_after_build(home)
    ran = bench.build(home, '--cache', other)
    problems += ran.problems(0) + (bench.differences(other) if ran.code == 0 else [])
    return problems + bench.run(home, 'run', '--', 'true').problems(0)


def _is_noticed(what: str, action: str, path: Path) -> bool:
    """Whether `verify` has to notice. What is gone without a trace is made again when it is needed; marks say nothing but
    whether a file is as it was placed, and where they do not, it is placed again; what reads as it should is as it should."""
    if what in ('mark', *_ASKED_AGAIN) or (what == 'record' and action == 'delete'):
        return False
    if action == 'unreadable' and (what == 'record' or path.name == 'sanity.txt'):
        return os.geteuid() != 0  # root reads it all the same
    return True


def strike(home: Path, caches: list[Path], chance: random.Random, *, what: str = '') -> tuple[str, str, Path]:
    """Damage one file in one way; what it was, how, and which file."""
    what = what or chance.choice(list(VICTIMS))
    files = [path for path in VICTIMS[what](home, caches) if path.is_file() and path.stat().st_size > 8] \
        or [caches[0] / 'sanity.txt']
    path, action = chance.choice(files), chance.choice(ACTIONS)
    if not path.is_file():  # by an earlier blow
        path.write_bytes(b'written by torture')
    if action == 'swap':
        others = [other for other in files if other.read_bytes() != path.read_bytes()]
        if others:
            other = chance.choice(others)
            aside = path.with_name('aside')
            for source, target in ((path, aside), (other, path), (aside, other)):
                os.rename(source, target)
            return what, action, path
        action = 'flip'
    _damage(path, action, chance)
    return what, action, path


def _damage(path: Path, action: str, chance: random.Random) -> None:
    before = path.stat()
    if action in ('flip', 'cut', 'empty', 'rot'):
        os.chmod(path, 0o644)
        content = bytearray(path.read_bytes())
        if action in ('flip', 'rot'):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        with open(path, 'r+b') as f:  # in place, whatever else is linked to it
            f.truncate({'cut': chance.randrange(len(content)), 'empty': 0}.get(action, len(content)))
            f.write(content if action in ('flip', 'rot') else b'')
        os.chmod(path, stat.S_IMODE(before.st_mode))
        if action == 'rot':
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif action == 'delete':
        path.unlink()
    elif action == 'unreadable':
        os.chmod(path, 0)
    elif action == 'replace':
        path.unlink()
        path.write_bytes(chance.randbytes(before.st_size))
