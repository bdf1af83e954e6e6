"""Damage of every kind to everything a store and a cache directory hold: noticed, healed, and never linked."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable
from pathlib import Path

from .bench import Bench, Tally, files_below

_Files = Callable[[Path, Path], list[Path]]


def _library_files(home: Path, cache: Path) -> list[Path]:
    return list(files_below(cache / 'sysroot' / 'lib'))


#: What is damaged, by its name: files of a home and its cache directory.
VICTIMS: dict[str, _Files] = {
    'blob': lambda home, cache: list(files_below(home / 'store' / 'blobs')),
    'record': lambda home, cache: list(files_below(home / 'store' / 'records')),
    'archive': _library_files,
    'header': lambda home, cache: list(files_below(cache / 'sysroot' / 'include')),
    'header in the store': lambda home, cache: list(files_below(home / 'store' / 'trees')),
    'stamp': lambda home, cache: [cache / 'sysroot_install.stamp', cache / 'sanity.txt'],
    'mark': lambda home, cache: [p for p in files_below(cache / '.emroot') if p.suffix == '.json'],
}
ACTIONS = ('flip', 'cut', 'empty', 'delete', 'swap', 'unreadable', 'replace', 'rot')


def damage(bench: Bench, rounds: int, chance: random.Random) -> Tally:
    """Each round damages one to three files; then either `verify` has to notice and mend, or the next build has to."""
    tally = Tally('damage')
    home = bench.full_home('damage')
    cache = bench.cache(home)
    for number in range(rounds):
        blows = [_strike(home, cache, chance) for _ in range(chance.choice([1, 1, 1, 2, 3]))]
        by_verify = chance.random() < 0.5 or any(action == 'rot' for _, action, _ in blows)
        when = f'round {number}, {"verify" if by_verify else "build"} after ' + \
            ', '.join(f'{action} of {what} {path.relative_to(home)}' for what, action, path in blows)
        if by_verify:
            noticed = all(_is_noticed(*blow) for blow in blows)
            tally.check(bench.run(home, 'verify').problems(*([6] if noticed else [0, 6])), when)
            tally.check(bench.run(home, 'verify', '--repair').problems(0), when)
        tally.check(bench.wrong_after_build(home), when)
        if not by_verify:
            bench.run(home, 'verify', '--repair')  # what no link reads may stay damaged until it is of use
        tally.check(bench.run(home, 'verify').problems(0), f'{when}, in the end')
        for what, action, _ in blows:
            tally.counts[f'{action}'] += 1
            tally.counts[f'of a {what}'] += 1
    return tally


def _is_noticed(what: str, action: str, path: Path) -> bool:
    """Whether `verify` has to notice. What is gone without a trace is made again when it is needed; marks say nothing but
    whether a file is as it was placed, and where they do not, it is placed again; what reads as it should is as it should."""
    if what == 'mark' or (what == 'record' and action == 'delete'):
        return False
    if action == 'unreadable' and (what == 'record' or path.name == 'sanity.txt'):
        return os.geteuid() != 0  # root reads it all the same
    return True


def _strike(home: Path, cache: Path, chance: random.Random) -> tuple[str, str, Path]:
    """Damage one file in one way; what it was, how, and which file."""
    what = chance.choice(list(VICTIMS))
    files = [path for path in VICTIMS[what](home, cache) if path.is_file() and path.stat().st_size > 8] or [cache / 'sanity.txt']
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
