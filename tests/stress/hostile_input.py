"""A store that somebody prepared: it may cost work or be refused, but nothing lands outside of it."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emroot.hashing import canonical_json, digest_file
from emroot.store.records import seal, unseal

from .bench import Tally, TortureBench, files_below

#: Fuzzed files that one build has to cope with.
BATCH = 20
Prepare = Callable[[Path, Path, random.Random], None]
"""Takes a home with its store, a directory that is none of its business, and chance."""


def hostile(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """Every trick once, or as many as there are rounds; then as many fuzzed files."""
    tally, bench = Tally('hostile'), bench.fake
    sentinel = bench.work / 'sentinel'
    (sentinel / 'below').mkdir(parents=True)
    for name in ('a', 'below/b', 'VERSION', '2'):
        (sentinel / name).write_text('2\n', encoding='utf-8')
    untouched = _look(sentinel)
    whole = bench.full_home('hostile-whole')

    def endure(name: str, prepare: Prepare) -> None:
        home = bench.work / 'hostile'
        shutil.copytree(whole, home, symlinks=True)
        prepare(home, sentinel, chance)
        refused = False
        for arguments in (bench.request(), ['verify'], ['verify', '--repair'], ['gc', '--max-size', '1', '--max-age', '0'],
                          bench.request()):
            ran = bench.run(home, *arguments)
            refused |= ran.code == 6 and arguments[0] != 'verify'
            tally.check(ran.problems(0, 6), f'{name}: {arguments[0]}')
            if ran.code == 0 and arguments[0] == 'build':
                tally.check(bench.differences(bench.cache(home)), name)
        tally.check([f'{path} is not as it was' for path, found in _look(sentinel).items() ^ untouched.items()], name)
        tally.counts['refused' if refused else 'endured'] += 1
        _remove(home)
        if _look(sentinel) != untouched:
            raise SystemExit('torture: the next trick would find the damage of this one')

    for name in sorted(chance.sample(sorted(TRICKS), min(rounds, len(TRICKS)))):
        endure(name, TRICKS[name])
    for number in range(0, rounds, BATCH):
        count = min(BATCH, rounds - number)
        endure(f'fuzzed {number} to {number + count}', lambda home, _, chance, count=count: _fuzz(home, count, chance))
        tally.counts['fuzzed files'] += count
    return tally


def _look(top: Path) -> dict[str, tuple[object, ...]]:
    found = {}
    for folder, directories, names in os.walk(top):
        for name in [*directories, *names]:
            path = Path(folder, name)
            seen = path.lstat()
            regular = stat.S_ISREG(seen.st_mode)
            found[str(path)] = (seen.st_mode, seen.st_mtime_ns if regular else 0, digest_file(path) if regular else '')
    return found


def _remove(home: Path) -> None:
    for folder, directories, _ in os.walk(home):
        for name in directories:
            if not os.path.islink(os.path.join(folder, name)):
                os.chmod(os.path.join(folder, name), 0o755)
    shutil.rmtree(home)


# --- tricks ---

def _forget_archives(home: Path) -> None:
    """So that the next build has to look at objects, families and the SDK's headers."""
    shutil.rmtree(home / 'store' / 'records' / 'archive', ignore_errors=True)
    for path in files_below(home / 'cache'):
        if path.suffix in ('.a', '.o'):
            path.unlink()


def _replaced(folder: str, *, by: str) -> Prepare:
    """A folder of the home gives way to a link that leads out, a pipe, a file, or a folder that nobody can read."""
    def prepare(home: Path, sentinel: Path, _: random.Random) -> None:
        _forget_archives(home)
        directory = home / folder
        if directory.is_dir():
            shutil.rmtree(directory)
        _put(directory, by, sentinel)
    return prepare


def _put(directory: Path, what: str, sentinel: Path) -> None:
    directory.unlink(missing_ok=True)
    if what == 'link':
        directory.symlink_to(sentinel)
    elif what == 'link to a file':
        directory.symlink_to(sentinel / 'a')
    elif what == 'link to nothing':
        directory.symlink_to(sentinel / 'nothing')
    elif what == 'link to zeros':
        directory.symlink_to('/dev/zero')
    elif what == 'pipe':
        os.mkfifo(directory)
    elif what == 'folder':
        (directory / 'in').mkdir(parents=True)
    elif what == 'huge':
        with open(directory, 'wb') as f:
            f.truncate(1 << 40)  # a terabyte of nothing
    elif what == 'deep':
        directory.write_text('{"files":' * 200_000, encoding='utf-8')
    else:
        directory.write_bytes(b'no folder')


def _each(below: str, share: float, *, by: str, folders: bool = False) -> Prepare:
    """A share of the files (or of the folders) below a folder give way to something else."""
    def prepare(home: Path, sentinel: Path, chance: random.Random) -> None:
        _forget_archives(home)
        top = home / below
        found = sorted(path for path in top.rglob('*') if path.is_dir()) if folders else list(files_below(top))
        for path in found:
            if path.exists() and chance.random() < share:
                if folders:
                    shutil.rmtree(path)
                _put(path, by, sentinel)
    return prepare


def _locks_lead_out(home: Path, sentinel: Path, _: random.Random) -> None:
    """Links to files that are not there yet, under the names of the locks that the next build takes."""
    _forget_archives(home)
    keys = ['/'.join(path.parts[-2:]).replace('/', '') for path in files_below(home / 'store' / 'records' / 'object')]
    trees = [f'tree-{path.name[:16]}' for path in (home / 'store' / 'trees').iterdir()]
    shutil.rmtree(home / 'store' / 'records')
    for name in {*(f'compile-{key[:3]}' for key in keys), *trees}:
        (home / 'store' / 'locks' / name).unlink(missing_ok=True)
        (home / 'store' / 'locks' / name).symlink_to(sentinel / f'made-{name}')


def _rewritten(kind: str, change: Callable[[dict[str, Any], Path], object]) -> Prepare:
    """All records of a kind say something else, under a seal that holds."""
    def prepare(home: Path, sentinel: Path, _: random.Random) -> None:
        _forget_archives(home)
        for path in list(files_below(home / 'store' / 'records' / kind)):
            _reseal(home, path, lambda record: change(record, sentinel))
    return prepare


def _reseal(home: Path, path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    kind, *key = path.relative_to(home / 'store' / 'records').parts
    name = '/'.join([''.join(key[:2]), *key[2:]])
    record = unseal(json.loads(path.read_bytes()), kind, name)
    if record is not None:
        change(record)
        path.write_text(canonical_json(seal(record, kind, name)), encoding='utf-8')


def _tree_leads_out(record: dict[str, Any], sentinel: Path) -> None:
    """A header that `verify --repair` would copy over a file outside, if it believed where that lies."""
    up = '../' * 40 + str(sentinel / 'a').lstrip('/')
    record['files'][up] = [digest_file(sentinel / 'a'), 2, 0]


def _set(**values: Any) -> Callable[[dict[str, Any], Path], object]:
    return lambda record, _: record.update(values)


TRICKS: dict[str, Prepare] = {
    **{f'{folder} is a {by}': _replaced(folder, by=by)
       for folder in ('store/blobs', 'store/records', 'store/records/object', 'store/trees', 'store/tmp', 'store/locks',
                      'store/damaged', 'store/VERSION', 'memo/gc.json')
       for by in ('link', 'pipe', 'file', 'link to nothing')},
    **{f'folders of {below} are links': _each(below, 0.7, by='link', folders=True)
       for below in ('store/blobs', 'store/records')},
    **{f'files of {below} are {by}': _each(below, 0.6, by=by)
       for below in ('store/blobs', 'store/records', 'store/trees', 'cache')
       for by in ('link to a file', 'link to zeros', 'pipe', 'folder', 'huge', 'deep')},
    'locks lead out': _locks_lead_out,
    'objects of absurd size': _rewritten('object', _set(size=10 ** 30)),
    'objects outside': _rewritten('object', _set(digest='../' * 20 + 'etc/passwd')),
    'closures outside': _rewritten('closure', lambda record, out: record.update(files=[[f'{{sdk}}/../../..{out}/a', 'x']])),
    'closures without end': _rewritten('closure', _set(files=[['/dev/zero', 'x'], ['{cache}/../../../../dev/zero', 'x']])),
    'families that lead out': _rewritten('family', _set(closure='../../../../../../../../dev/zero')),
    'trees that lead out': _rewritten('tree', _tree_leads_out),
    'trees of absurd sizes': _rewritten('tree', lambda record, _: [entry.__setitem__(1, 10 ** 40)
                                                                   for entry in record['files'].values()]),
}

# --- fuzzing ---

_JUNK = (None, True, -1, 10 ** 40, 1.5, '', '.', '..', '../../../x', '/dev/zero', '\0', '\ud800', 'x' * 5000, {}, {'a': 1},
         [[[[[]]]]], [None], 'é')


def _fuzz(home: Path, count: int, chance: random.Random) -> None:
    """Change blobs, records and marks, some of the records under a seal that holds."""
    _forget_archives(home)
    files = [path for below in ('store/blobs', 'store/records', 'cache') for path in files_below(home / below)
             if 'include' not in path.parts]
    for path in chance.sample(files, min(count, len(files))):
        if 'records' in path.parts and chance.random() < 0.6:
            _reseal(home, path, lambda record: _spoil(record, chance))
        else:
            _scramble(path, chance)


def _spoil(found: Any, chance: random.Random) -> None:
    """Replace something somewhere in a record by what cannot be there."""
    while True:
        at = chance.choice(list(found)) if isinstance(found, dict) else chance.randrange(len(found))
        below = found[at]
        if not isinstance(below, (dict, list)) or not below or chance.random() < 0.3:
            found[at] = chance.choice(_JUNK)
            return
        found = below


def _scramble(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(content) + 1)
        content[at:at + chance.choice([0, 0, 1, 4, 100])] = chance.randbytes(chance.choice([0, 1, 1, 4, 50]))
    path.unlink()
    path.write_bytes(content)
