"""After `build --for LINK` that link works with a frozen cache, and the program runs, whatever plain emcc can link.

Lines of `links.py` with a program behind them. Where a frozen link fails, plain emcc with the same libraries must fail as
well; where a program does not run under Node (it wants a browser), plain emcc must make the very same one.
EMROOT_TEST_LINKS=all takes all lines, which builds most libraries of most modes: an hour on two processors.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from links import EXCEPTIONS, LEVELS, LIBRARIES, MODES, NOTHING, PLAIN, SANITIZERS, STANDALONE, THREADS, Line
from reference import DYNAMIC_LIBRARY, INPUTS
from support.running import Emroot, cannot_run, plain_environment

from emroot.sdk import Sdk

LINES = [*PLAIN, *LEVELS, *MODES, *THREADS, *EXCEPTIONS, *SANITIZERS, *STANDALONE, *NOTHING, *LIBRARIES]
if os.environ.get('EMROOT_TEST_LINKS') != 'all':
    LINES = [line for line in LINES if line.name in ('emcc -sDEFAULT_TO_CXX=0 main.o', 'em++ -sMALLOC=emmalloc-debug main.o')]
C = '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { char *p = malloc(9); return p ? puts("works") < 0 : 1; }\n'
CXX = ('#include <iostream>\n#include <map>\n#include <string>\n'
       'int main() { std::map<int, std::string> m{{1, "works"}}; std::cout << m[1] << std::endl; }\n')
SOURCES = {'main.c': C, 'conftest.c': C, 'main.cpp': CXX, 'conftest.cpp': CXX}
_WRITES = {'.o', '.s', ''}


def _make_inputs(directory: Path) -> None:
    directory.mkdir()
    for name, text in {**INPUTS, **SOURCES}.items():
        (directory / name).write_text(text, encoding='utf-8')
    (directory / 'main.o').unlink()
    for name in ('side.so', 'libside.so'):
        (directory / name).write_bytes(DYNAMIC_LIBRARY)


class Emcc:
    """One SDK's emcc with a cache directory, in a directory with the inputs."""

    def __init__(self, sdk: Sdk, cache: Path, directory: Path) -> None:
        self.sdk, self.cache, self.directory = sdk, cache, directory

    def __call__(self, words: tuple[str, ...], *, frozen: bool) -> subprocess.CompletedProcess[str]:
        """Run it."""
        env = plain_environment({'EM_CACHE': str(self.cache), 'EM_FROZEN_CACHE': str(int(frozen)),
                                 'PYTHONDONTWRITEBYTECODE': '1'})
        return subprocess.run([*self.sdk.python, '-B', str(self.sdk.root / f'{words[0]}.py'), *words[1:]], env=env,
                              cwd=self.directory, capture_output=True, text=True, check=False)

    def outputs(self, before: Mapping[str, bytes]) -> dict[str, bytes]:
        """Content of the files that are new or changed."""
        return {name: data for name, data in self.files().items() if before.get(name) != data}

    def files(self) -> dict[str, bytes]:
        """Content of all files."""
        return {p.name: p.read_bytes() for p in self.directory.iterdir() if p.is_file()}

    def compile_objects(self, words: tuple[str, ...]) -> str:
        """Make `main.o` as the line would have it; what emcc said if it refuses."""
        if 'main.o' not in words and '@line.rsp' not in words:
            return ''
        source = 'main.cpp' if words[0] == 'em++' else 'main.c'
        flags = [w for w in words[1:] if w.startswith(('-f', '-m', '-pthread', '-sMEMORY64', '-sWASM_WORKERS', '-sSHARED_MEMORY',
                                                       '-sMAIN', '-sSIDE', '-sRELOC', '-sSUPPORT', '-sDISABLE', '--target'))]
        if '-target' in words:
            flags += ['--target=wasm64']
        if '@line.rsp' in words:
            flags += ['-pthread']
        done = self((words[0], *flags, '-c', source, '-o', 'main.o'), frozen=True)
        return '' if done.returncode == 0 else done.stderr


def run(command: list[str], directory: Path) -> str:
    """What a program says; one that does not end (its main runs in a thread and keeps the runtime) is ended."""
    try:
        return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=20).stdout
    except subprocess.TimeoutExpired as ended:
        return (ended.stdout or b'').decode()


@pytest.mark.slow
@pytest.mark.parametrize('line', LINES, ids=[line.name for line in LINES])
def test_what_is_built_for_a_link_is_enough_for_it(line: Line, shared: Emroot, sdk: Sdk, tmp_path: Path):
    if sdk.node_version < (24,):
        cannot_run(f'wasm64 programs need Node 24, the SDK has {sdk.node_version}')
    directory, cache = tmp_path / 'place', tmp_path / 'cache'
    _make_inputs(directory)
    emcc = Emcc(sdk, cache, directory)
    built = shared('build', '-j2', '--cache', cache, '--for', ' '.join(line.words), cwd=directory)
    if built.code in (2, 5):  # emcc refuses the line, or this SDK's LLVM cannot compile a library that it needs
        assert emcc(line.words, frozen=False).returncode != 0
        return
    assert built.code == 0, built.err
    if refused := emcc.compile_objects(line.words):
        pytest.skip(f'emcc does not compile for it: {refused.strip().splitlines()[-1]}')
    before = emcc.files()
    frozen = emcc(line.words, frozen=True)
    made = emcc.outputs(before)
    if frozen.returncode != 0:
        assert 'FROZEN_CACHE' not in frozen.stderr, frozen.stderr
        assert emcc(line.words, frozen=False).returncode != 0, f'plain emcc links it, but frozen: {frozen.stderr}'
        return
    script = next((directory / n for n in made if Path(n).suffix in ('.js', '.mjs', *_WRITES) and made[n][:4] != b'\0asm'
                   and Path(n).suffix != '.o' and '-c' not in line.words), None)
    said = run([*sdk.node, str(script)], directory) if script else ''
    if said != 'works\n':
        for name in made:
            (directory / name).unlink()
        plain = emcc(line.words, frozen=False)
        assert plain.returncode == 0, plain.stderr
        assert emcc.outputs(before) == made, f'plain emcc makes another program; this one says {said!r}'
