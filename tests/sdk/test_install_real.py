"""SDKs that `sdk install` got: they work as they are, and are the same wherever they lie."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import cannot_run

from emroot.errors import SdkError
from emroot.host.home import Home
from emroot.sdk import Sdk, find_sdk
from emroot.sdk.identification import node_version
from emroot.sdk.installation import MANIFEST, install
from emroot.sdk.wheels.node import ensure_node


@pytest.fixture
def directory(sdk: Sdk) -> Path:
    """Where an SDK was installed by emroot from Debian's packages."""
    for directory in sdk.root.parents[:4]:
        if (directory / MANIFEST).is_file() and (directory / 'usr/bin/emcc').exists():
            return directory
    cannot_run(f'{sdk.root} was not installed by `emroot sdk install --from debian`')
    raise AssertionError


def run_plainly(tmp_path: Path, *command: object) -> str:
    """Run an SDK's own command as somebody with an empty environment would; Python only must not write into the SDK."""
    python = tmp_path / 'python'
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -B "$@"\n')
    python.chmod(0o755)
    env = {'PATH': '/usr/bin:/bin', 'HOME': str(tmp_path), 'EM_CACHE': str(tmp_path / 'cache'),
           'EMSDK_PYTHON': str(python)}
    done = subprocess.run([str(c) for c in command], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_emcc_compiles_links_and_minifies_without_any_set_up(sdk: Sdk, directory: Path, tmp_path: Path) -> None:
    """-O2 runs all of the JavaScript tools; what the link needs of the libraries is compiled with the program."""
    (tmp_path / 'answer.c').write_text('int answer(void) { return 42; }')
    runtime = [p for name in ('stack_ops.S', 'emscripten_tempret.s')
               if (p := sdk.root / 'system/lib/compiler-rt' / name).exists()]
    for number, emcc in enumerate((directory / 'usr/bin/emcc', sdk.root / 'emcc')):
        run_plainly(tmp_path, emcc, '-O2', '-nostdlib', '--no-entry', '-sEXPORTED_FUNCTIONS=_answer', '-sMODULARIZE',
                    'answer.c', *runtime, '-o', f'answer{number}.js')
        program = f'require("./answer{number}.js")().then(m => console.log(m._answer()))'
        assert run_plainly(tmp_path, *sdk.node, '-e', program) == '42\n'


def test_every_command_starts(directory: Path, tmp_path: Path) -> None:
    for command in ('emar', 'embuilder', 'emnm', 'emranlib', 'emrun', 'emstrip', 'emsymbolizer', 'emdwp'):
        assert run_plainly(tmp_path, directory / 'usr/bin' / command, '--help'), command


def test_the_configuration_names_what_was_installed(sdk: Sdk, directory: Path, tmp_path: Path) -> None:
    def said(name: str) -> str:
        return run_plainly(tmp_path, directory / 'usr/bin/em-config', name).strip()
    assert said('LLVM_ROOT') == str(sdk.llvm_root)
    assert said('BINARYEN_ROOT') == str(directory / 'usr')
    assert node_version(said('NODE_JS').strip("[]'")) >= (24, 0)
    assert said('FROZEN_CACHE') in ('None', '')


def test_a_cache_that_is_shipped_is_the_one_in_use(sdk: Sdk, directory: Path) -> None:
    config: dict[str, object] = {'__file__': str(sdk.root / '.emscripten')}
    exec((sdk.root / '.emscripten').read_text(), config)  # noqa: S102 (as emcc does)
    shipped = sdk.root / 'cache'
    installed = (directory / MANIFEST).stat().st_mtime  # an emcc that somebody started by hand may have filled it since
    came = any(archive.stat().st_mtime < installed for archive in (shipped / 'sysroot').rglob('*.a'))
    assert config.get('CACHE') == (str(shipped) if came else None)
    assert came == sdk.version.startswith('3.')


def test_every_executable_finds_its_libraries(directory: Path) -> None:
    folders = [*directory.glob('usr/lib/llvm-*/bin'), directory / 'usr/bin']
    executables = [p for d in folders for p in d.iterdir() if not p.is_symlink() and p.read_bytes()[:4] == b'\x7fELF']
    lacking = {}
    for path in executables:
        # The loader's own answer; unlike ldd it is that of the loader which the executable names.
        traced = subprocess.run([path], env={'LD_TRACE_LOADED_OBJECTS': '1'}, capture_output=True, text=True, check=False)
        if traced.returncode != 0 or 'not found' in traced.stdout + traced.stderr:
            lacking[path.name] = traced.stdout + traced.stderr
        if outside := [line for line in traced.stdout.splitlines() if '=> /' in line and f'=> {directory}/' not in line]:
            lacking[path.name] = '\n'.join(outside)
    assert len(executables) > 50
    assert lacking == {}


def test_what_was_adapted_is_recorded(directory: Path) -> None:
    record = json.loads((directory / MANIFEST).read_text())
    assert record['provider'] == 'debian'
    assert {'emscripten', 'binaryen', 'node-acorn'} <= record['packages'].keys()
    assert not {'nodejs', 'python3', 'libc6-dev', 'ccache'} & record['packages'].keys()
    assert len(record['pristine']) > 50


@pytest.mark.slow
@pytest.mark.sdk
def test_an_sdk_has_the_same_digest_wherever_it_lies(shared_home: Home, tmp_path: Path) -> None:
    try:
        one = install(shared_home, source='debian', version='6')
        two = install(shared_home, source='debian', version='6', dest=tmp_path / 'else where')
    except SdkError as error:
        cannot_run(str(error))
        return
    assert two == tmp_path / 'else where/usr/share/emscripten'
    assert [p.name for p in tmp_path.iterdir()] == ['else where']
    first, second = find_sdk(shared_home, one), find_sdk(shared_home, two)
    assert first.parts == second.parts
    assert first.digest == second.digest

    said: list[str] = []
    assert install(shared_home, source='debian', version='6', dest=tmp_path / 'else where',
                   report=lambda what, *_: said.append(what)) == two
    assert said == [f'already installed: {two}']


@pytest.mark.sdk
def test_a_node_for_wasm64_is_at_hand(shared_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', os.pathsep.join(
        d for d in os.environ['PATH'].split(os.pathsep) if not os.path.exists(os.path.join(d, 'node'))))
    node = ensure_node(shared_home)
    assert node.is_relative_to(shared_home.root)
    assert node_version(node) >= (24, 0)
