"""`emroot run` with what builds do besides plain links: embuilder, wrappers, scripts that copy libraries, Python modules of the
project."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from lazy_support import SMALL, SOURCE, Indexed
from run_support import TINY, compiler_wrapper, libraries_in, sdk_tool, tiny_link
from support import running
from support.running import Emroot, plain_environment
from support.traps import set_traps

from emroot.host.isolated_python import isolated
from emroot.sdk import Sdk


@pytest.mark.parametrize('lazy', ['exact', pytest.param('off', marks=pytest.mark.slow)])
def test_embuilder_leaves_what_it_was_asked_for_and_nothing_else(seen: Emroot, sdk: Sdk, tmp_path: Path, lazy: str):
    cache, env = tmp_path / 'cache', {'EMROOT_LAZY': lazy}
    ran = seen('run', '--cache', cache, '--', *sdk_tool(sdk.root, 'embuilder.py', 'build', 'libnoexit', 'crt1'), env=env)
    assert ran.code == 0, ran.err
    made = [line for line in ran.err.splitlines() if 'generating' in line]
    assert len(made) == 2 and all(line.endswith('(emroot has built it)') for line in made), ran.err
    ran = seen('run', '--cache', cache, '--', *sdk_tool(sdk.root, 'embuilder.py', '--lto', '--pic', 'build', 'libnoex*'), env=env)
    assert ran.code == 0, ran.err
    here = 'wasm32-emscripten/'
    assert libraries_in(cache) == [here + 'crt1.o', here + 'libnoexit.a', here + 'lto-pic/libnoexit.a']


def test_a_cache_that_is_frozen_below_run_stays_frozen(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """As `sanity.test_FROZEN_CACHE` of Emscripten's own suite has it: at the end of the configuration, or of a copy."""
    builder = shlex.join(sdk_tool(sdk.root, 'embuilder.py', 'build', 'libnoexit'))
    own, said = tmp_path / 'own.config', tmp_path / 'said'
    freeze = f'cp "$EM_CONFIG" {own} && echo "FROZEN_CACHE = True" >> {own}'
    ran = seen('run', '--cache', tmp_path / 'cache', '--', 'sh', '-c', f'{freeze} && EM_CONFIG={own} {builder} 2> {said}')
    assert ran.code != 0 and 'FROZEN_CACHE is set, but cache file is missing' in said.read_text()
    assert libraries_in(tmp_path / 'cache') == []
    ran = seen('run', '--cache', tmp_path / 'cache', '--', 'sh', '-c', builder, env={'EM_FROZEN_CACHE': '1'})
    assert ran.code == 0 and libraries_in(tmp_path / 'cache') == ['wasm32-emscripten/libnoexit.a'], ran.err


@pytest.mark.slow
def test_what_embuilder_erases_it_builds_again(seen: Emroot, sdk: Sdk, tmp_path: Path):
    for _ in range(2):
        ran = seen('run', '--cache', tmp_path, '--', *sdk_tool(sdk.root, 'embuilder.py', '--force', 'build', 'libnoexit'))
        assert ran.code == 0, ran.err
        assert libraries_in(tmp_path) == ['wasm32-emscripten/libnoexit.a']


@pytest.mark.parametrize('how', ['variable', *(pytest.param(how, marks=pytest.mark.slow) for how in (
    'option', 'option of --for', 'variable of --for'))])
def test_libraries_are_compiled_through_the_wrapper_that_emcc_compiles_through(seen: Emroot, sdk: Sdk, tmp_path: Path, how: str):
    wrapper, log = compiler_wrapper(tmp_path)
    link = tiny_link(sdk.root, tmp_path, *([f'--compiler-wrapper={wrapper}'] if how == 'option' else []))
    command = ['run', '--lazy=off', '--cache', tmp_path / 'cache', '--', *link]
    if how.endswith('--for'):
        said = f'--compiler-wrapper {wrapper}' if how.startswith('option') else ''
        before = f'EM_COMPILER_WRAPPER={wrapper} ' if not said else ''
        command = ['build', '--cache', tmp_path / 'cache', '--for', f'{before}emcc {said} {" ".join(TINY)}']
    ran = seen(*command, env={'EM_COMPILER_WRAPPER': str(wrapper)} if how == 'variable' else {})
    assert ran.code == 0, ran.err
    assert 'atexit_dummy' in log.read_text()


def test_nothing_of_the_projects_directory_or_environment_is_run(indexed: Indexed, sdk: Sdk, tmp_path: Path):
    """A project may have a `json.py`, and set PYTHONPATH and PYTHONHOME for a Python of its own."""
    emroot, traps = indexed(SMALL), tmp_path / 'project'
    sprung = set_traps(traps)
    (traps / 'main.c').write_text(SOURCE['main.c'])
    link = sdk_tool(sdk.root, 'emcc.py', *SMALL[1:], 'main.c', '-o', 'main.js')
    python = {'PYTHONPATH': str(traps), 'PYTHONHOME': str(tmp_path / 'nowhere'), 'PYTHONSTARTUP': str(traps / 'json.py')}
    command = ['env', *(f'{name}={value}' for name, value in python.items()), *link]
    script = tmp_path / 'build.sh'
    script.write_text(f'cd {traps} && exec "$@"\n')
    for lazy in ('exact', 'off'):
        ran = emroot('run', '--complete', f'--lazy={lazy}', '--cache', tmp_path / lazy, '--', 'sh', script, *command)
        assert ran.code == 0, ran.err
        assert 'generating system library' not in ran.err
    assert not sprung.exists(), sprung.read_text()


def test_a_script_that_copies_a_library_which_lazy_links_left_out_is_told(indexed: Indexed, sdk: Sdk, tmp_path: Path):
    emroot = indexed(SMALL)
    (tmp_path / 'main.c').write_text(SOURCE['main.c'])
    link = shlex.join(sdk_tool(sdk.root, 'emcc.py', *SMALL[1:], 'main.c', '-o', 'main.js'))
    script = f'{link} && cp "$EM_CACHE"/sysroot/lib/*/lib*.a .'
    said = []
    for lazy in ('exact', 'exact', 'off'):
        ran = emroot('run', f'--lazy={lazy}', '--cache', tmp_path / 'cache', '--', 'sh', '-c', script, cwd=tmp_path)
        said.append((ran.code == 0, 'lazy links left' in ran.err and 'emroot build --cache' in ran.err))
    assert said == [(False, True), (False, False), (True, False)]


def test_every_command_can_be_run_where_a_project_has_modules_of_its_own(seen: Emroot, sdk: Sdk, tmp_path: Path):
    traps = tmp_path / 'project'
    sprung = set_traps(traps)
    env = plain_environment({'PYTHONPATH': str(traps), 'PYTHONHOME': str(tmp_path / 'nowhere')})
    for words in (['sdk', 'show'], ['build', '--targets', 'libnoexit', '--cache', 'cache'], ['resolve', '--', 'emcc', 'x.o'],
                  ['build', '--builder=embuilder', '--targets', 'libnoexit', '--cache', 'other'], ['doctor']):
        command = [*isolated(), '--sdk', sdk.root, '--home', seen.home, *words]
        done = subprocess.run(command, cwd=traps, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    (traps / 'emroot').rename(tmp_path / 'away')  # of that name, Python takes the one in the current directory
    for name in ('types', 'runpy', 'importlib'):
        (traps / f'{name}.py').unlink()  # and these before emroot begins
    env = plain_environment({'PYTHONPATH': str(running.SOURCE)})
    done = subprocess.run([sys.executable, '-m', 'emroot', '--home', seen.home, '--version'], cwd=traps, env=env, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not sprung.exists(), sprung.read_text()
