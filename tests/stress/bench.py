"""What every part works with: an SDK, what an undisturbed build made of it, homes to maltreat, and the tally."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.fake import make_fake_sdk

from dev.paths import ROOT, say
from emroot.hashing import digest_file
from emroot.host.copying import link_or_copy
from emroot.host.files import SLACK
from emroot.store.blobs import TREE

#: Small libraries of several kinds: a start file, one of a single compile, and some of more; ten compiles in each mode.
TARGETS = ('libnoexit', 'libal', 'libhtml5', 'crt1', 'libstubs')
MODES = ('wasm64,lto', 'wasm32,thinlto')
#: The same of the SDK of scripts, where only emroot's own doings matter.
FAKE_TARGETS = ('libone', 'libcxx', 'libasm', 'crt1')
FAKE_MODES = ('wasm64,lto', 'wasm32')
#: Seconds in which any command ends unless it hangs, on a machine that is busy with other things too.
PATIENCE = 600


#: Exit codes of what a user can fix.
_ERRORS = (2, 3, 4, 5, 6, 7)


@dataclass
class Tally:
    """What came of a part: how often things were done, and what was wrong."""

    part: str
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def check(self, found: list[str], when: str) -> None:
        """Note problems, and say them at once."""
        for problem in found:
            self.problems.append(f'{when}: {problem}')
            say(f'{self.part}: PROBLEM {self.problems[-1]}')

    def line(self) -> str:
        """The closing line of the part."""
        counted = ', '.join(f'{count} {what}' for what, count in self.counts.items())
        return f'{self.part:8} {"FAILED" if self.problems else "ok":7} {len(self.problems)} problems; {counted}'


@dataclass(frozen=True)
class Ran:
    """A command that has ended; `code` is None if it had to be ended."""

    code: int | None
    out: str
    err: str

    def problems(self, *codes: int) -> list[str]:
        """What is wrong with how it ended, other than with one of `codes`."""
        found = ['a traceback'] if 'Traceback' in self.err else []
        found += [f'exit code {self.code}'] if self.code not in codes else []
        found += ['an error without its hint'] if self.code in _ERRORS and 'hint: ' not in self.err + self.out else []
        return [f'{what}: {(self.err or self.out)[-600:]}' for what in found]


class TortureBench:
    """A directory to work in, and what is right."""

    def __init__(self, work: Path, sdk: Path, *, modes: tuple[str, ...] = MODES, targets: tuple[str, ...] = TARGETS,
                 known: Path | None = None) -> None:
        self.work, self.sdk, self.modes, self.targets = work, sdk, modes, targets
        self.clean = work / 'clean'
        (work / 'tmp').mkdir(parents=True)
        if known:
            copy(known / 'memo' / 'sdk', self.clean / 'memo' / 'sdk')
            copy(known / 'memo' / 'probe', self.clean / 'memo' / 'probe')
        ran = self.build(self.clean)
        if ran.code != 0:
            raise SystemExit(f'torture: the undisturbed build fails:\n{ran.err}')
        document = json.loads(ran.out)
        self.compiles = int(document['objects']['compiled'])
        self.seconds = float(document['seconds'])
        self.reference = contents(self.cache(self.clean))

    @functools.cached_property
    def fake(self) -> TortureBench:
        """The same with an SDK of scripts that costs nothing."""
        if self.targets == FAKE_TARGETS:
            return self
        return TortureBench(self.work / 'fake', make_fake_sdk(self.work / 'fake-sdk'), modes=FAKE_MODES, targets=FAKE_TARGETS)

    @functools.cached_property
    def bundle(self) -> Path:
        """All that is built, as `emroot export` packs it."""
        file = self.work / 'bundle.tar'
        if (ran := self.run(self.clean, 'export', *self.selection(), '-o', file)).code != 0:
            raise SystemExit(f'torture: nothing can be exported:\n{ran.err}')
        return file

    def home(self, name: str, *, headers: bool = True) -> Path:
        """A home that knows what there is to know of the SDK, and with `headers` has them, but has built nothing."""
        home = self.work / name
        copy(self.clean / 'memo', home / 'memo')
        for keys in (home / 'memo' / 'probe').glob('*/*/keys'):
            shutil.rmtree(keys)
        if headers:
            for part in (('records', TREE), ('trees',)):
                shutil.copytree(self.clean.joinpath('store', *part), home.joinpath('store', *part))
            shutil.copy2(self.clean / 'store' / 'VERSION', home / 'store' / 'VERSION')
        return home

    def full_home(self, name: str) -> Path:
        """A home in which everything is built."""
        home = self.home(name)
        if self.build(home).code != 0:
            raise SystemExit('torture: a build in a new home fails')
        return home

    def cache(self, home: Path) -> Path:
        """The cache directory of a home."""
        return next((home / 'cache').iterdir(), home / 'cache' / 'none') if (home / 'cache').is_dir() else home / 'cache' / 'none'

    def command(self, home: Path, *arguments: object) -> list[str]:
        """What to start."""
        return [sys.executable, '-m', 'emroot', '--sdk', str(self.sdk), '--home', str(home), *map(str, arguments)]

    def selection(self, targets: tuple[str, ...] = ()) -> list[str]:
        """The options that select everything, or some targets in all modes."""
        features = [word for mode in self.modes for word in ('--features', mode)]
        return [*features, '--targets', ','.join(targets or self.targets)]

    def request(self, *more: object, targets: tuple[str, ...] = (), jobs: int = 2) -> list[str]:
        """The arguments of a build."""
        return ['build', '--json', *self.selection(targets), '-j', str(jobs), *map(str, more)]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """This process's, without anything that emroot or emcc would heed; what the SDK has prebuilt is built."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(('EM', '_EM'))}
        path = os.pathsep.join(filter(None, [(extra or {}).get('PYTHONPATH'), str(ROOT / 'src')]))
        return {**env, 'TMPDIR': str(self.work / 'tmp'), 'EMROOT_BASE': '', **(extra or {}), 'PYTHONPATH': path}

    def start(self, home: Path, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """Start emroot in a group of its own and do not wait."""
        env = self.environment(options.pop('env', None))
        return subprocess.Popen(self.command(home, *arguments), env=env, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options)

    def run(self, home: Path, *arguments: object, **options: Any) -> Ran:
        """Run emroot to its end, or until it is clear that it has none."""
        patience = options.pop('patience', PATIENCE)
        with self.start(home, *arguments, **options) as process:
            return finish(process, patience)

    def build(self, home: Path, *more: object, **options: Any) -> Ran:
        """Build everything that the reference has."""
        return self.run(home, *self.request(*more), **options)

    def wrong_after_build(self, home: Path, **options: Any) -> list[str]:
        """What is wrong with a build that should end well, and with every byte in the cache directory after it."""
        ran = self.build(home, **options)
        return ran.problems(0) + (self.differences(self.cache(home)) if ran.code == 0 else [])

    def differences(self, cache: Path) -> list[str]:
        """How a cache directory differs from the reference: files that are missing, too many, or of other bytes."""
        found = contents(cache)
        missing, more = self.reference.keys() - found.keys(), found.keys() - self.reference.keys()
        other = [path for path in found.keys() & self.reference.keys() if found[path] != self.reference[path]]
        return [f'{path} {what}' for what, paths in (('is missing', missing), ('is too many', more), ('differs', other))
                for path in sorted(paths)][:5]

    def left_behind(self, home: Path, *, repaired: bool = False) -> list[str]:
        """What killed processes left that the next build should have swept.

        A repair may set a tree of headers aside, which stays until gc.
        """
        cache = self.cache(home)
        flying = [path for top in (home / 'store' / 'tmp', cache / '.emroot' / 'tmp') for path in top.glob('*')
                  # a lone lock that is this young may be that of somebody who is about to make the directory (`sweep`)
                  if path.suffix != '.lock' or path.with_suffix('').exists() or time.time() - path.stat().st_mtime > SLACK]
        temporary = [path for top in (home / 'store', cache) for path in files_below(top) if path.name.endswith('.tmp')]
        damaged = [path for path in (home / 'store' / 'damaged').glob('*') if not (repaired and path.is_dir())]
        return [f'{path} is left behind' for path in [*flying, *temporary, *damaged]][:5]


def finish(process: subprocess.Popen[str], patience: float = PATIENCE) -> Ran:
    """What came of a command; it is ended if it takes longer than it may."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return Ran(None, out, err + f'\nstill running after {patience} s')
    return Ran(process.returncode, out, err)


def copy(source: Path, target: Path) -> None:
    """A tree of files that are replaced and never written to, so that hard links do."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=link_or_copy)


def contents(cache: Path) -> dict[str, str]:
    """The digest of everything that emcc sees of a cache directory, by its path."""
    return {path.relative_to(cache).as_posix(): digest_file(path) if path.is_file() and not path.is_symlink() else 'no file'
            for path in files_below(cache) if path.relative_to(cache).parts[0] != '.emroot'}


def files_below(top: Path) -> Iterator[Path]:
    """Every file, and whatever else is no directory."""
    for folder, _, names in os.walk(top):
        yield from (Path(folder, name) for name in sorted(names))
