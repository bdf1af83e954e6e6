"""How tests are run: by plain emcc, and by emroot in its ways; each with a cache directory, and a home if it needs one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from emroot.host.files import remove_tree
from emroot.host.home import Home
from emroot.lazy_link.link_history import never_whole
from emroot.modes import all_modes

#: Variables of the machine that would decide what is linked.
_HEEDED = ('EM', '_EM')
#: The flags with which suites link.
FLAGS = {'core0': '-O0', 'core2': '-O2', 'core3': '-O3', 'lto0': '-flto -O0', 'lto2': '-flto -O2', 'thinlto0': '-flto=thin -O0',
         'wasm64': '-m64 --profiling-funcs', 'wasmfs': '-O2 -sWASMFS', 'minimal0': '-g -sMINIMAL_RUNTIME', 'strict': '-sSTRICT',
         'asan': '-fsanitize=address', 'ubsan': '-fsanitize=undefined', 'lsan': '-fsanitize=leak', 'other': ''}
#: Kinds of records that a lazy home does not have: with these, libraries are whole at once.
_WHOLE = ('archive', 'embuilder')


@dataclass(frozen=True)
class Ground:
    """What tests run on."""

    root: Path
    """The SDK with its tests."""
    origin: Home
    """A home from which objects are taken that were compiled before."""
    directory: Path
    """For cache directories, and the home of all ways: what one compiled, the others do not compile again."""

    @property
    def home(self) -> Path:
        """Where libraries are built, and kept."""
        return self.directory / 'home'

    @property
    def built(self) -> Path:
        """The cache directory with everything that the tests were seen to need."""
        return self.directory / 'built'

    def emroot(self, *words: object) -> list[str]:
        """A command line of emroot."""
        if not self.home.is_dir():
            for name in ('store', 'memo'):
                if (self.origin.root / name).is_dir():
                    shutil.copytree(self.origin.root / name, self.home / name,
                                    copy_function=os.link if name == 'store' else shutil.copy2)
        return [sys.executable, '-m', 'emroot', '--sdk', str(self.root), '--home', str(self.home), *map(str, words)]

    def build(self, *selection: object) -> None:
        """Have libraries built."""
        subprocess.run(self.emroot('build', '--quiet', '--cache', self.built, *selection), env=environment(), check=False)


#: What a way starts the tests through, and the environment.
Started = tuple[list[str], dict[str, str]]


def environment(**more: str) -> dict[str, str]:
    """This one's, without what Emscripten heeds, but for the number of compiles at once."""
    return {**{name: value for name, value in os.environ.items() if name == 'EMCC_CORES' or not name.startswith(_HEEDED)}, **more}


def prepare(ground: Ground, suites: Iterable[str]) -> None:
    """Have built what most links of suites need: emcc alone would take long to."""
    links = [f'{driver} {FLAGS[suite]}' for suite in suites if suite in FLAGS for driver in ('emcc', 'em++')]
    if links:
        ground.build(*(word for link in links for word in ('--for', link)))


def plain(ground: Ground) -> Started:
    """Emcc alone. It begins with what there is, and builds the rest."""
    cache = ground.directory / 'plain'
    _copy_cache(ground.built, cache)
    return [], environment(EM_CACHE=str(cache))


def learn(ground: Ground) -> None:
    """Have built what plain emcc had to build, what lazy links left out and what they did not: the other ways are to find it."""
    there = _libraries(ground.directory / 'plain')
    for way in ('lazy', 'predict'):
        cache = ground.directory / way / 'cache'
        left_out = never_whole(cache)
        there |= _libraries(cache) | {f'{mode}/{target}' for mode, targets in left_out.items() for target in targets}
    if new := sorted(there - _libraries(ground.built)):
        ground.build('--targets', ','.join(new))


def lazy(ground: Ground) -> Started:
    """Below `emroot run`, where nothing but single objects has been compiled."""
    return _below_run(ground, 'lazy')


def predict(ground: Ground) -> Started:
    """The same, and nobody knows which symbols libraries have."""
    return _below_run(ground, 'predict', '--lazy=predict', indexed=False)


def frozen(ground: Ground) -> Started:
    """As after `emroot env`: emcc may build nothing."""
    learn(ground)
    return [], environment(EM_CACHE=str(ground.built), EM_FROZEN_CACHE='1')


#: Suites about what emcc does to its cache, which it leaves alone if that is frozen.
NOT_FROZEN = ('sanity',)
WAYS: dict[str, Callable[[Ground], Started]] = {'plain': plain, 'lazy': lazy, 'predict': predict, 'frozen': frozen}


def _below_run(ground: Ground, name: str, *options: str, indexed: bool = True) -> Started:
    cache, command = ground.directory / name / 'cache', ground.emroot('run', *options)
    records, indexes = ground.home / 'store' / 'records', ground.directory / 'indexes'
    for source, target in ((records / 'index', indexes), (indexes, records / 'index')):
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
    for directory in (*(records / kind for kind in (*_WHOLE, *(() if indexed else ('index',)))), cache):
        remove_tree(directory)
    return [*command, '--cache', str(cache), '--'], environment()


def _copy_cache(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns('.emroot'))


def _libraries(cache: Path) -> set[str]:
    """`MODE/TARGET` of each library in a cache directory."""
    return {f'{mode.name}/{path.stem}' for mode in all_modes() for path in (cache / mode.directory).glob('*.[ao]')}
