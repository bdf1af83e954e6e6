"""`dev.py smoke`: whether emroot works on this machine, with this SDK: whichever EMSDK, EMSCRIPTEN_ROOT or PATH names, else one
that it gets. It is one command for Linux, macOS and Windows, and what the workflows run on each.

Libraries are built in an empty home and compared with the SDK's own embuilder; the program that is linked in the end takes its
libraries from the development home, so that a second run is quick. It ends with 1 at the first step that goes wrong.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dev.paths import ROOT, dev_cache, dev_home, say
from emroot.host.files import remove_tree

SOURCES = ROOT / 'examples' / 'smoke'
#: Quick to build, and of each kind: C, C++, assembly, a bare object.
TARGETS = ('crt1', 'libnoexit', 'libstubs', 'libhtml5', 'libembind')
MODES = ('wasm64', 'wasm32,lto,pic')
#: By shell: how to have it read a file and say EM_CACHE.
SHELLS: Mapping[str, tuple[str, list[str], str]] = {
    'bash': ('sh', ['bash', '--norc'], '\nprintf %s "$EM_CACHE"\n'),
    'fish': ('fish', ['fish', '--no-config'], '\nprintf %s "$EM_CACHE"\n'),
    'powershell': ('ps1', ['pwsh', '-NoProfile', '-File'], '\n[Console]::Write($env:EM_CACHE)\n'),
    'cmd': ('bat', ['cmd', '/d', '/q', '/c'], '\n@<nul set /p "=%EM_CACHE%"\n'),
}


class SmokeFailure(SystemExit):
    """A step went wrong."""


class Smoke:
    """The steps, in their order."""

    def __init__(self, work: Path) -> None:
        self.work, self.home = work, work / 'home'
        self.sdk: dict[str, Any] = {}
        self.built: dict[str, Any] = {}

    def emroot(self, *arguments: object, home: Path | None = None, options: tuple[str, ...] = ('--json',)) -> Any:
        """The document that a command prints (or, without `--json`, the text)."""
        first, *others = map(str, arguments)
        command = [sys.executable, '-m', 'emroot', '--home', str(home or self.home), '--quiet', first, *options, *others]
        said = self.run(command)
        return json.loads(said) if '--json' in options else said

    def run(self, command: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
        """What a command prints. It must go well."""
        environment = {**os.environ, 'PYTHONPATH': str(ROOT / 'src'), 'PYTHONUTF8': '1', **(env or {})}
        program = shutil.which(command[0], path=environment.get('PATH')) or command[0]
        done = subprocess.run([program, *command[1:]], cwd=cwd or self.work, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=3000)
        out, complained = done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')
        if done.returncode != 0:
            raise SmokeFailure(f'`{" ".join(command)}` ended with {done.returncode}:\n{out[-3000:]}\n{complained[-6000:]}')
        return out

    def find_the_sdk(self) -> str:
        """`emroot sdk show`, or `sdk install` if there is none."""
        found = subprocess.run([sys.executable, '-m', 'emroot', '--home', str(dev_home().root), 'sdk', 'show', '--json'],
                               capture_output=True, text=True, check=False, env={**os.environ, 'PYTHONPATH': str(ROOT / 'src')})
        if found.returncode == 3 and not any(os.environ.get(name) for name in ('EMSDK', 'EMSCRIPTEN_ROOT')):
            self.sdk = json.loads(self.emroot('sdk', 'install', '--json', home=dev_home().root, options=()))
        elif found.returncode == 0:
            self.sdk = json.loads(found.stdout)
        else:
            raise SmokeFailure(found.stderr)
        os.environ['EMSCRIPTEN_ROOT'] = self.sdk['root']
        os.environ.pop('EMSDK', None)
        return f'Emscripten {self.sdk["version"]} ({self.sdk["how"]}): {self.sdk["root"]}'

    def ask_what_a_link_needs(self) -> str:
        """`emroot resolve`, `emroot list`."""
        resolved = self.emroot('resolve', '--', 'em++', '-O2', '-sMEMORY64', '-flto=thin', '-pthread', 'main.o', '-o', 'app.js')
        _expect(resolved['mode'] == 'wasm64-thinlto' and any(t.startswith('libc++') for t in resolved['targets']), resolved)
        listed = self.emroot('list', '--features', 'wasm64,thinlto', 'libc++*')
        _expect(len(listed['targets']) > 3, listed)
        return f'{len(resolved["targets"])} libraries of {resolved["mode"]}'

    def build_libraries(self) -> str:
        """`emroot build` in an empty home."""
        self.built = self.emroot('build', *self._wanted())
        _expect([len(m['built']) for m in self.built['modes'].values()] == [len(TARGETS)] * len(MODES), self.built)
        return f'{self.built["objects"]["compiled"]} objects, {len(TARGETS) * len(MODES)} archives'

    def compare_with_embuilder(self) -> str:
        """The SDK's own embuilder makes the same bytes."""
        other = self.emroot('build', '--builder', 'embuilder', *self._wanted(), home=self.work / 'embuilder')
        ours, theirs = _archives(self.built['cache']), _archives(other['cache'])
        _expect(sorted(ours) == sorted(theirs) and len(ours) == len(TARGETS) * len(MODES), sorted(set(ours) ^ set(theirs)))
        different = [name for name in ours if ours[name] != theirs[name]]
        _expect(not different, f'other bytes than embuilder\'s: {different}')
        return f'{len(ours)} archives, byte for byte'

    def build_again(self) -> str:
        """Nothing is left to do, also for another cache directory."""
        again = self.emroot('build', *self._wanted())
        other = self.emroot('build', *self._wanted(), '--cache', self.work / 'ünother cache')
        _expect(again['objects']['compiled'] == other['objects']['compiled'] == 0, [again, other])
        _expect(_archives(other['cache']) == _archives(self.built['cache']), 'another cache directory has other bytes')
        return 'nothing compiled'

    def move_to_another_home(self) -> str:
        """`emroot export`, `emroot import`, `emroot verify`, `emroot gc`."""
        archive = self.work / 'libs.tar.gz'
        self.emroot('export', *self._wanted(), '-o', archive)
        self.emroot('import', archive, home=self.work / 'other')
        self.emroot('verify', home=self.work / 'other')
        self.emroot('verify')
        self.emroot('gc', '--max-size', '1G')
        return f'{archive.stat().st_size >> 10} KB'

    def set_variables(self) -> str:
        """`emroot env`, read by each shell that is here."""
        seen = []
        for shell, (ending, command, say_it) in SHELLS.items():
            if shutil.which(command[0]) and (shell in ('cmd', 'powershell') if os.name == 'nt' else shell != 'cmd'):
                cache = self.work / 'ünother cache'
                script = self.work / f'variables.{ending}'
                text = self.emroot('env', *self._wanted(), '--cache', cache, '--shell', shell, options=())
                if shell == 'cmd':
                    text = f'@chcp 65001 >nul\n{text}'
                script.write_text(text + say_it, encoding='utf-8-sig' if shell == 'powershell' else 'utf-8')
                said = self.run([*command, str(script)])
                _expect(Path(said.strip()) == cache, f'{shell}: {said!r}')
                seen.append(shell)
        return ', '.join(seen)

    def link_and_run(self) -> str:
        """`emroot build --for`, then a frozen link of a mode that no SDK ships, then the program under Node."""
        flags = self._flags()
        settings = self.emroot('env', '--for', f'emcc {" ".join(flags)}', home=dev_home().root)
        _expect(settings['EM_FROZEN_CACHE'] == '1', settings)
        self.run(['emcc', *flags, str(SOURCES / 'main.c'), '-o', 'app.js'], env=settings)
        said = self.run([self.sdk['node'], 'app.js']).strip()
        _expect(said == f'pointers of {64 if "-sMEMORY64" in flags else 32} bits', said)
        return f'{" ".join(flags)}: {said}'

    def build_with_cmake(self) -> str:
        """`emroot run -- cmake`: links get what they need while they ask."""
        flags = ' '.join(self._flags())
        command = [sys.executable, '-m', 'emroot', '--home', str(dev_home().root), 'run', '--']
        toolchain = Path(self.sdk['root'], 'cmake/Modules/Platform/Emscripten.cmake').as_posix()
        self.run([*command, 'cmake', '-S', str(SOURCES), '-B', 'build', '-G', 'Ninja',
                  f'-DCMAKE_TOOLCHAIN_FILE={toolchain}', f'-DCMAKE_C_FLAGS={flags}'])
        self.run([*command, 'cmake', '--build', 'build'])
        return self.run([self.sdk['node'], str(Path('build', 'smoke.js'))]).strip()

    def _wanted(self) -> list[str]:
        return [*(word for mode in MODES for word in ('--features', mode)), '--targets', ','.join(TARGETS)]

    def _flags(self) -> list[str]:
        """Of a mode that no SDK ships, and that its Node can run."""
        version = self.run([self.sdk['node'], '--version']).strip().removeprefix('v')
        return ['-O1', '-sMEMORY64' if int(version.split('.')[0]) >= 24 else '-flto', '-sDEFAULT_TO_CXX=0']


def _archives(cache: str) -> dict[str, bytes]:
    top = Path(cache, 'sysroot', 'lib')
    return {p.relative_to(top).as_posix(): p.read_bytes() for p in sorted(top.rglob('*')) if p.suffix in ('.a', '.o')}


def _expect(right: bool, seen: object) -> None:
    if not right:
        raise SmokeFailure(f'not as it should be: {seen}')


def main(arguments: list[str]) -> int:
    """Every step; a line for each."""
    if arguments:
        say(__doc__ or '')
        return 2
    for name in ('EM_CACHE', 'EM_FROZEN_CACHE', 'EMROOT_HOME', 'EMROOT_REMOTE'):
        os.environ.pop(name, None)
    dev_cache().mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix='smoke-', dir=dev_cache()))
    smoke, began = Smoke(work), time.monotonic()
    steps: list[Callable[[], str]] = [
        smoke.find_the_sdk, smoke.ask_what_a_link_needs, smoke.build_libraries, smoke.compare_with_embuilder, smoke.build_again,
        smoke.move_to_another_home, smoke.set_variables, smoke.link_and_run, smoke.build_with_cmake]
    try:
        for number, step in enumerate(steps, 1):
            started = time.monotonic()
            try:
                said = step()
            except SmokeFailure as failed:
                say(f'{number}/{len(steps)} {step.__name__.replace("_", " ")}: FAILED\n{failed}')
                return 1
            say(f'{number}/{len(steps)} {step.__name__.replace("_", " "):24} {time.monotonic() - started:6.1f} s  {said}')
    finally:
        remove_tree(work)
    print(f'smoke: {len(steps)} steps passed on {platform.system()} {platform.machine()}, Python {platform.python_version()}, '
          f'Emscripten {smoke.sdk["version"]}, in {time.monotonic() - began:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
