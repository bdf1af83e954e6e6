"""Objects of a forked compiler are those of one that is started anew."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import SOURCE, Emroot, cannot_run, plain_environment
from support.snapshots import archives, damage

from emroot.engine.execution.elf import needed_libraries
from emroot.engine.execution.forkserver import ForkServer
from emroot.engine.execution.front_end import FrontEndCommands, front_end_command
from emroot.engine.execution.zygote import ZygoteStart, can_use_huge_pages
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode
from emroot.sdk import Sdk


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='there are no fork servers elsewhere')
def test_the_bytes_are_the_same(seen: Emroot, sdk: Sdk, catalogue: Catalogue, tmp_path: Path):
    if not shutil.which('cc') or not any('LLVM' in name for name in needed_libraries(sdk.tools['clang'])):
        cannot_run('this takes a C compiler, and an SDK that loads LLVM as a shared library')
    known = catalogue.listing(Mode()).libraries
    target = next(name for name in ('libclang_rt.builtins', 'libcompiler_rt') if name in known)  # releases differ
    _compare(seen, ['--targets', target], tmp_path)


def test_the_bytes_of_a_static_compiler_are_the_same(static_sdk: Sdk, tmp_path: Path):
    """Assembler and C; what SDKs name clang is a launcher here. libc++ is compared by the slow test."""
    targets = ['--targets', 'libclang_rt.builtins', '--features', 'wasm64,pic']
    _compare(Emroot(tmp_path / 'home', static_sdk.root), targets, tmp_path)


@pytest.mark.slow
def test_the_bytes_of_a_static_compiler_are_the_same_in_cpp(static_sdk: Sdk, tmp_path: Path):
    _compare(Emroot(tmp_path / 'home', static_sdk.root), ['--targets', 'libc++', '--features', 'wasm64'], tmp_path)


@pytest.mark.skipif(sys.platform != 'linux', reason='there are no fork servers elsewhere')
def test_children_compile_and_are_not_repeated_by_a_compiler_that_is_started(sdk: Sdk, tmp_path: Path):
    if not shutil.which('cc') or not any('LLVM' in name for name in needed_libraries(sdk.tools['clang'])):
        cannot_run('this takes a C compiler, and an SDK that loads LLVM as a shared library')
    _compile_in_children(sdk, tmp_path, static=False)


@pytest.mark.skipif(sys.platform != 'linux' or not can_use_huge_pages(), reason='there are no huge pages')
def test_children_of_a_static_compiler_compile(static_sdk: Sdk, tmp_path: Path):
    _compile_in_children(static_sdk, tmp_path, static=True)


def _compile_in_children(sdk: Sdk, tmp_path: Path, *, static: bool) -> None:
    """By the driver, and by the front end."""
    compilers = [str(sdk.tools[name]) for name in ('clang', 'clang++')]
    preload = ZygoteStart(compilers, tmp_path / 'fork', plain_environment({}), static=static)
    assert preload.wait() and preload.template
    server, known = ForkServer(preload.template), FrontEndCommands()
    for name in ('one', 'two', 'three', 'four'):
        for compiler in compilers:
            (tmp_path / f'{name}.cpp').write_text(f'int {name}() {{ return 1; }}')
            command = [compiler, '--target=wasm32', '-O2', '-g', '-c', f'{name}.cpp', '-o', f'{name}.o', '-MD', '-MF', '0.d']
            subprocess.run(command, cwd=tmp_path, check=True)
            plain = (tmp_path / f'{name}.o').read_bytes(), (tmp_path / '0.d').read_bytes()
            (tmp_path / f'{name}.o').unlink()
            done = server.compile(command, tmp_path, known)
            assert done and (done.code, done.output) == (0, b'')
            assert ((tmp_path / f'{name}.o').read_bytes(), (tmp_path / '0.d').read_bytes()) == plain
    server.close()
    preload.close()


def test_front_end_commands_are_those_of_the_driver(sdk: Sdk, tmp_path: Path):
    """Unless names have what the driver may quote."""
    clang, known = str(sdk.tools['clang++']), FrontEndCommands()

    def ask(command: list[str]) -> str:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stderr
    for name in ('one', 'two', 'three', 'four', 'a+b,c=d~@', 'späces', 'a b', 'c$d', 'q"r', 'e#f', 'back\\slash', "it's"):
        (tmp_path / f'{name}.cpp').touch()
        command = [clang, '--target=wasm32-unknown-emscripten', '-O2', '-g', '-c', f'{name}.cpp', '-o', f'{name}.o', '-MD',
                   '-MF', '0.d']
        words = known.find(command, tmp_path, ask)
        plain = name != 'one' and ('~' in name or name.isidentifier())
        assert words == (front_end_command(ask([*command, '-###'])) if plain else [])


@pytest.mark.skipif(sys.platform != 'linux' or not can_use_huge_pages(), reason='there are no huge pages')
def test_without_huge_pages_a_static_compiler_is_started_as_ever(static_sdk: Sdk, tmp_path: Path):
    """Linux may have none left, which only the loaded compiler shows."""
    clang = str(static_sdk.tools['clang'])
    script = ('import ctypes, os, sys\nfrom pathlib import Path\nfrom emroot.engine.execution.forkserver import ForkServers\n'
              'from emroot.engine.execution.pool import Pool\nfrom emroot.engine.execution.zygote import ZygoteStart\n'
              'assert ctypes.CDLL(None).prctl(41, int(sys.argv[1]), 0, 0, 0) == 0  # PR_SET_THP_DISABLE\n'
              f'preload = ZygoteStart([{clang!r}], Path({str(tmp_path)!r}), dict(os.environ), static=True)\n'
              'assert preload.wait()\nservers = ForkServers(Pool(1), preload)\n'
              f'assert servers.call([{clang!r}, "--version"], cwd="/", env=dict(os.environ)).code == 0\n'
              'print(preload.works)\nservers.close()\npreload.close()\n')
    said = [subprocess.run([sys.executable, '-c', script, disabled], env=plain_environment({'PYTHONPATH': str(SOURCE)}),
                           capture_output=True, text=True, check=True).stdout for disabled in '01']
    assert said == ['True\n', 'False\n']


def _compare(forking: Emroot, targets: list[str], tmp_path: Path) -> None:
    ran = forking('build', *targets, '-j', '2', '--cache', tmp_path / 'forked')
    assert ran.code == 0, ran.err
    assert 'forked from a loaded compiler' in max((forking.home / 'logs').iterdir()).read_text()
    other = Emroot(tmp_path / 'other', forking.sdk)
    ran = other('build', *targets, '-j', '2', '--cache', tmp_path / 'anew', env={'EMROOT_FORK': '0'})
    assert ran.code == 0, ran.err
    assert 'forked from a loaded compiler' not in max((other.home / 'logs').iterdir()).read_text()
    assert archives(tmp_path / 'forked') == archives(tmp_path / 'anew')
    assert len(archives(tmp_path / 'forked')) == 1
    assert damage(forking.home, tmp_path / 'forked') == []
