"""What is killed: commands that change a home, each with what gives it something to do, and what has to hold afterwards."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .bench import TortureBench, contents, files_below
from .damage import strike
from .releases import releases

#: A link of one library, without the rest of the system's.
_LINK = '-nostdlib -lnoexit --no-entry -sEXPORTED_FUNCTIONS=_answer -sMEMORY64 -flto'
_SOURCE = '''int answer(void) {{ return {number}; }}
void *_emscripten_stack_alloc(unsigned long size) {{ return 0; }}
void *emscripten_stack_get_current(void) {{ return 0; }}
void _emscripten_stack_restore(void *stack) {{}}
'''
_MAKEFILE = 'all: p1.js p2.js\n%.js: %.c\n\t{emcc} $< {link} -o $@\n'
_RELEASE = '9.9.9'


@dataclass
class Operation:
    """A command, `undo(chance, share)` that gives it something to do, and `wrong()` after it was killed and what was wrong."""

    home: Path
    arguments: list[Any]
    undo: Callable[[random.Random, float], None]
    wrong: Callable[[], list[str]]
    victims: tuple[str, ...] = ('parent', 'worker', 'group')
    env: dict[str, str] = field(default_factory=dict)


def build(bench: TortureBench, home: Path) -> Operation:
    """Everything, of which some is there."""
    return Operation(home, bench.request(), lambda chance, share: forget(bench, home, share, chance),
                     lambda: settled(bench, home))


def import_(bench: TortureBench, home: Path) -> Operation:
    """An archive with everything, of which some is there."""
    arguments = ['import', bench.bundle]
    return Operation(home, arguments, lambda chance, share: forget(bench, home, share, chance),
                     lambda: bench.run(home, *arguments).problems(0) + settled(bench, home), ('parent', 'group'))


def gc(bench: TortureBench, home: Path) -> Operation:
    """Of a store of which little is in use: the cache directory was deleted, or lost its libraries."""
    arguments = ['gc', '--max-size', '1', '--max-age', '0']

    def undo(chance: random.Random, share: float) -> None:
        cache = bench.cache(home)
        for top in [cache / 'sysroot/lib', cache / '.emroot/sysroot/lib'] if share < 1 else [cache]:
            shutil.rmtree(top, ignore_errors=True)
    return Operation(home, arguments, undo, lambda: bench.run(home, *arguments).problems(0) + settled(bench, home),
                     ('parent', 'group'))


def repair(bench: TortureBench, home: Path) -> Operation:
    """Of damage here and there. What is damaged in the store and in the cache directory alike nobody has (exit code 6)."""
    arguments = ['verify', '--repair']

    def undo(chance: random.Random, share: float) -> None:
        for _ in range(int(8 * share)):
            strike(home, [bench.cache(home)], chance, what=chance.choice(('blob', 'record', 'archive', 'header')))
    return Operation(home, arguments, undo,
                     lambda: bench.run(home, *arguments).problems(0, 6) + settled(bench, home, repaired=True)
                     + bench.run(home, *arguments).problems(0), ('parent', 'group'))


def make(bench: TortureBench, home: Path) -> Operation:
    """A make below `emroot run` that links two programs at once, into a cache directory of its own."""
    project, cache = home / 'project', home / 'of-the-project'
    project.mkdir()
    for number in (1, 2):
        (project / f'p{number}.c').write_text(_SOURCE.format(number=number), encoding='utf-8')
    (project / 'Makefile').write_text(_MAKEFILE.format(emcc=bench.sdk / 'emcc', link=_LINK), encoding='utf-8')
    arguments = ['run', '--cache', cache, '--', 'make', '-s', '-j2', '-C', project]

    def clean() -> None:
        for path in project.glob('p*[.js,.wasm]'):
            if path.suffix != '.c':
                path.unlink()

    def made() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in project.iterdir() if path.suffix in ('.js', '.wasm')}
    right: dict[str, bytes] = {}

    def undo(chance: random.Random, share: float) -> None:
        forget(bench, home, share, chance, present=False)
        shutil.rmtree(cache, ignore_errors=True)
        clean()

    def wrong() -> list[str]:
        clean()  # make takes what a killed linker left for whole
        problems = bench.run(home, *arguments).problems(0)
        present = {path: digest for path, digest in contents(cache).items() if path in bench.reference}
        problems += [f'{path} differs below run' for path, digest in present.items() if digest != bench.reference[path]]
        return problems + [f'{name} differs' for name, content in made().items() if right[name] != content] \
            + ([] if made().keys() == right.keys() else ['make made less'])
    if first := bench.run(home, *arguments).problems(0):
        raise SystemExit(f'torture: the undisturbed make fails: {first}')
    right.update(made())
    return Operation(home, arguments, undo, wrong)


def install(bench: TortureBench, home: Path) -> Operation:
    """An SDK of scripts, packed as official releases are, from a server on the loopback."""
    served = releases(bench, {_RELEASE: None})
    arguments = ['sdk', 'install', '--from', 'emsdk', '--version', _RELEASE]
    right: dict[str, str] = {}

    def undo(_: random.Random, share: float) -> None:
        shutil.rmtree(home / 'sdk' / _RELEASE, ignore_errors=True)
        if share < 1:
            shutil.rmtree(home / 'downloads', ignore_errors=True)

    def wrong() -> list[str]:
        problems = bench.run(home, *arguments, env=served.env).problems(0)
        there = contents(home / 'sdk' / _RELEASE)
        right.update(right or there)
        return problems + [f'{path} of the SDK differs' for path in right.keys() | there.keys()
                           if right.get(path) != there.get(path)][:5]
    wrong()
    return Operation(home, arguments, undo, wrong, ('parent', 'group'), served.env)


def settled(bench: TortureBench, home: Path, *, repaired: bool = False) -> list[str]:
    """What is wrong with a build, its bytes, and what lies about after it."""
    return bench.wrong_after_build(home) + bench.left_behind(home, repaired=repaired)


def forget(bench: TortureBench, home: Path, share: float, chance: random.Random, *, present: bool = True) -> None:
    """As if a share of everything had been collected: records, and what was placed."""
    store, cache = home / 'store', bench.cache(home)
    kinds = [store / 'records' / kind for kind in ('archive', 'object', 'family', 'closure')]
    for path in [path for top in [*kinds, *([cache / 'sysroot' / 'lib'] if present else [])] for path in files_below(top)]:
        if chance.random() < share:
            path.unlink()
    if present and chance.random() < 0.1:
        (cache / '.emroot' / 'headers.json').unlink(missing_ok=True)
