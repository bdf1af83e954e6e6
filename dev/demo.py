"""`dev.py demo`: from nothing to programs running in modes that no SDK ships, with the time each step took.

Every step is what a user would type. It fails if any of them fails, or if a program does not say what it should.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from .paths import ROOT, dev_home, say

SOURCES = ROOT / 'examples' / 'demo'


@dataclass(frozen=True)
class Program:
    """A program, the flags of its mode, and what it says when it runs. `side` is linked before, and loaded by it."""

    mode: str
    flags: str
    source: str
    says: tuple[str, ...]
    side: str = ''
    side_flags: str = ''


PROGRAMS = (
    Program('wasm64-thinlto', '-O1 -m64 -flto=thin -fwasm-exceptions', 'main.cpp',
            ('pointers of 64 bits; most frequent: the (3)', 'caught: no words')),
    Program('wasm32-lto', '-O1 -flto -fexceptions', 'main.cpp',
            ('pointers of 32 bits; most frequent: the (3)', 'caught: no words')),
    Program('wasm32-pic', '-O1 -fexceptions -sMAIN_MODULE=2', 'host.cpp',
            ('area from the side module: 42', 'caught: thrown in the main module'),
            side='side.cpp', side_flags='-O1 -fPIC -sSIDE_MODULE=2'),
)


@dataclass
class Row:
    """One line of the closing table."""

    mode: str
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


class Demo:
    """Runs the steps, says each, and times it."""

    def __init__(self) -> None:
        self.emroot = ['emroot', '--home', str(dev_home().root)]
        self.node = 'node'

    def step(self, row: Row, name: str, command: list[str], *, cwd: Path, shown: str = '',
             env: dict[str, str] | None = None) -> str:
        """Run one command, and return what it printed; ends the demo if it fails."""
        say(f'  $ {shown or " ".join(command)}')
        began = time.monotonic()
        environment = {**os.environ, **(env or {})}
        program = shutil.which(command[0], path=environment['PATH']) or command[0]
        done = subprocess.run([program, *command[1:]], cwd=cwd, stdout=subprocess.PIPE, text=True, check=False,
                              env=environment)
        row.seconds[name] = row.seconds.get(name, 0.0) + time.monotonic() - began
        if done.returncode != 0:
            say(done.stdout)
            raise SystemExit(f'demo: failed with exit code {done.returncode}: {" ".join(command)}')
        return done.stdout

    def get_sdk(self) -> Row:
        """An SDK, if there is none yet."""
        row = Row('SDK')
        say('\nAn Emscripten SDK')
        shown = self.step(row, 'get', [*self.emroot, 'sdk', 'install', '--json'], cwd=ROOT, shown='emroot sdk install')
        sdk = json.loads(shown)
        self.emroot += ['--sdk', sdk['root']]
        self.node = sdk['node']
        say(f'  Emscripten {sdk["version"]} in {row.seconds["get"]:.1f} s: {sdk["root"]}')
        return row

    def program(self, program: Program, directory: Path) -> Row:
        """Build what a link needs, link with a frozen cache, run."""
        row = Row(program.mode)
        say(f'\n{program.mode}: em++ {program.flags} {program.source}')
        directory.mkdir(parents=True, exist_ok=True)
        link = f'em++ {program.flags}'
        built = json.loads(self.step(row, 'libraries', [*self.emroot, 'build', '--json', '--for', link], cwd=directory,
                                     shown=f'emroot build --for "{link}"'))
        mode = built['modes'][program.mode]
        row.counts = {'built': len(mode['built']), 'reused': len(mode['reused']), **built['objects']}
        settings = json.loads(self.step(row, 'libraries', [*self.emroot, 'env', '--json', '--quiet', '--for', link],
                                        cwd=directory, shown=f'eval "$(emroot env --for \'{link}\')"'))
        if settings['EM_FROZEN_CACHE'] != '1':
            raise SystemExit('demo: the cache should be frozen')
        libraries = []
        if program.side:
            self.step(row, 'link', ['em++', *program.side_flags.split(), str(SOURCES / program.side), '-o', 'side.wasm'],
                      cwd=directory, env=settings, shown=f'em++ {program.side_flags} {program.side} -o side.wasm')
            libraries = ['side.wasm']
        self.step(row, 'link', ['em++', *program.flags.split(), str(SOURCES / program.source), *libraries, '-o', 'app.js'],
                  cwd=directory, env=settings,
                  shown=f'em++ {program.flags} {program.source} {"".join(libraries)} -o app.js'.replace('  ', ' '))
        said = self.step(row, 'run', [self.node, 'app.js'], cwd=directory, shown='node app.js').splitlines()
        for line in said:
            say(f'    {line}')
        if tuple(said) != program.says:
            raise SystemExit(f'demo: the program should have said {program.says}')
        return row


def main() -> int:
    """The whole demo."""
    began = time.monotonic()
    demo = Demo()
    demo.get_sdk()
    rows = [demo.program(program, dev_home().root.parent / 'demo' / program.mode) for program in PROGRAMS]
    columns = ('built', 'reused', 'compiled', 'libraries', 'link', 'run')
    print(f'\n{"mode":15}' + ''.join(f'{c:>11}' for c in columns))
    for row in rows:
        cells = [f'{row.counts[c]}' for c in columns[:3]] + [f'{row.seconds[c]:.1f} s' for c in columns[3:]]
        print(f'{row.mode:15}' + ''.join(f'{c:>11}' for c in cells))
    print(f'{"all of it":15}{time.monotonic() - began:64.1f} s')
    return 0


if __name__ == '__main__':
    os.environ.pop('EMSDK', None)  # the demo brings its own
    sys.exit(main())
