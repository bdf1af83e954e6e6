"""What the model of larger machines is fed with: traces of a build, and what embuilder starts besides compilers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from emroot.engine.execution.zygote import find_zygote
from emroot.sdk import Sdk

from .measure import Step, measure
from .work import Bench

ROUNDS = 5
FORKED, PLAIN, STARTS = 'forked.json', 'plain.json', 'starts.json'


@dataclass(frozen=True)
class Starts:
    """What embuilder starts besides compilers and archivers, in seconds each, and how long it really took."""

    before: float = 0.0
    """Before the first compile."""
    emcc: float = 0.0
    """For each batch."""
    emar: float = 0.0
    """For each archive."""
    seconds: float = 0.0
    """All of it, with as many workers as the trace has; 0 if that is not known."""


def record(bench: Bench, directory: Path) -> None:
    """Write both traces of the link's libraries, and the starts, into a directory. Everybody has been used for another mode
    before: headers are there, and emroot has seen how long each file takes."""
    home = bench.directory / 'used'
    measure([bench.emroot('build', *bench.names_in(bench.other_mode), home=home)], directory)
    for name, env in ((PLAIN, {'EMROOT_FORK': '0'}), (FORKED, {})):
        copy = bench.directory / name.removesuffix('.json')
        shutil.copytree(home, copy, symlinks=True)
        use_compiler(bench.sdk, bench.directory)
        build = bench.emroot('build', *bench.names, '--trace', str(directory.absolute() / name), home=copy)
        measure([Step(build.command, {**build.env, **env})], directory)
    (directory / STARTS).write_text(json.dumps(asdict(measure_starts(bench, directory))), encoding='utf-8')


def use_compiler(sdk: Sdk, directory: Path) -> None:
    """Have the compiler in memory, as it is while one builds: a virtual machine is slow to get back what it has not used for
    half a minute."""
    preload = find_zygote(sdk.tools, directory, dict(os.environ))
    if preload:
        preload.wait()
        preload.close()


def read_starts(directory: Path) -> Starts:
    """What `record` measured."""
    return Starts(**json.loads((directory / STARTS).read_text(encoding='utf-8')))


def measure_starts(bench: Bench, directory: Path) -> Starts:
    """The starts: each a command less what it starts, both the median of some. And all of it."""
    (directory / 'x.c').write_text('int x;\n', encoding='utf-8')
    cache, flags, env = directory / 'cache', bench.mode.embuilder_flags, bench.emcc(directory / 'cache').env
    target, tools = f'--target={bench.mode.arch}-unknown-emscripten', bench.sdk.tools
    measure([bench.embuilder(cache, {}, 'build', 'crt1')], directory)
    emcc = _middle([bench.emcc(cache, *bench.mode.emcc_flags, '-c', 'x.c')], directory)
    clang = _middle([Step([str(tools['clang']), target, '-c', 'x.c'], env)], directory)
    embuilder = _middle([bench.embuilder(cache, {}, *flags, 'build', 'crt1', '--force')], directory)  # one file, by emcc
    emar, archiver = (_middle([step], directory) for step in (
        bench.emar('cr', 'x.a', 'x.o'), Step([str(tools['llvm-ar']), 'cr', 'y.a', 'x.o'], env)))
    really = _middle([bench.embuilder(cache, {}, *bench.targets, '--force')], directory, rounds=2)
    return Starts(embuilder - emcc, emcc - clang, emar - archiver, really)


def _middle(steps: Sequence[Step], directory: Path, rounds: int = ROUNDS) -> float:
    return median(measure(steps, directory).wall for _ in range(rounds))
