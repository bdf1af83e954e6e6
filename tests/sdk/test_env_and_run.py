"""`emroot env` and `emroot run`: emcc, using the cache directory."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import Emroot, cannot_run, plain_environment

from emroot.sdk import Sdk

SAY = 'import os, sys; print(os.environ["EM_CACHE"]); sys.stdout.flush(); '


def test_bash_takes_what_env_prints(shared: Emroot, sdk_root: Path, tmp_path: Path):
    if not shutil.which('bash'):
        cannot_run('there is no bash')
    cache = tmp_path / 'it\'s $HOME, "quoted" and ünïcode'
    printed = shared('env', '--targets', 'libnoexit', '--cache', cache, '--shell', 'bash')
    assert printed.code == 0
    script = printed.out + 'printf "%s\\n" "$EM_CACHE" "$EM_FROZEN_CACHE"; command -v emcc\n'
    said = subprocess.run(['bash', '--norc'], input=script, env=plain_environment(), capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [str(cache), '1', str(sdk_root / 'emcc')]
    assert (cache / 'sysroot' / 'lib' / 'wasm32-emscripten' / 'libnoexit.a').is_file()


def test_a_link_in_that_shell_misses_only_what_was_not_built(shared: Emroot, sdk_root: Path, tmp_path: Path):
    if not shutil.which('bash'):
        cannot_run('there is no bash')
    printed = shared('env', '--features', 'wasm64', '--targets', 'crt1', '--cache', tmp_path / 'cache')
    (tmp_path / 'main.c').write_text('int main() { return 0; }\n')
    script = f'{printed.out}\n{shlex.quote(sys.executable)} -B {sdk_root}/emcc.py -m64 {tmp_path}/main.c -o {tmp_path}/main.js\n'
    said = subprocess.run(['bash', '--norc'], input=script, env=plain_environment(), capture_output=True, text=True, check=False)
    assert said.returncode != 0
    assert 'FROZEN_CACHE is set' in said.stderr and 'crt1.o' not in said.stderr.split('missing')[1]


def test_the_variables_are_a_document_too(shared: Emroot, tmp_path: Path):
    variables = shared('env', '--json', '--targets', 'libnoexit', '--cache', tmp_path / 'cache').json
    assert variables['EM_CACHE'] == str(tmp_path / 'cache')
    assert variables['EM_FROZEN_CACHE'] == '1'


@pytest.mark.parametrize('code', [0, 7])
def test_the_exit_code_of_the_command_is_passed_on(shared: Emroot, tmp_path: Path, code: int):
    ran = shared('run', '--targets', 'libnoexit', '--cache', tmp_path / 'cache', '--', sys.executable, '-c',
                 f'{SAY}sys.exit({code})')
    assert (ran.code, ran.out) == (code, f'{tmp_path / "cache"}\n')


def test_a_command_that_is_killed_ends_as_in_a_shell(shared: Emroot):
    ran = shared('run', '--targets', 'libnoexit', '--', 'sh', '-c', 'kill -TERM $$')
    assert ran.code == 128 + 15


def test_arguments_of_the_command_are_its_own(shared: Emroot):
    program = 'import sys; print(sys.argv[1:])'
    ran = shared('run', '--targets', 'libnoexit', '--', sys.executable, '-c', program, '--json', '--', '-v')
    assert (ran.code, ran.out) == (0, "['--json', '--', '-v']\n")


def test_emcc_is_the_sdks(shared: Emroot, sdk_root: Path):
    ran = shared('run', '--targets', 'libnoexit', '--', sys.executable, '-c', 'import shutil; print(shutil.which("emcc"))')
    assert ran.out == f'{sdk_root / "emcc"}\n'


def test_nothing_is_run_if_what_is_selected_cannot_be_built(shared: Emroot, tmp_path: Path):
    ran = shared('run', '--targets', 'libnoexitt', '--', sys.executable, '-c', 'print("ran")')
    assert (ran.code, ran.out) == (4, '')


@pytest.mark.skipif(os.name == 'nt', reason='permissions are another thing there')
@pytest.mark.parametrize('again', [
    ['emcc.py', '-c', 'h.c'], pytest.param(['embuilder.py', '--force', 'build', 'sysroot'], marks=pytest.mark.slow)],
                         ids=['compile', 'embuilder'])
def test_emcc_may_install_its_headers_again(seen: Emroot, sdk: Sdk, tmp_path: Path, again: list[str]):
    """It writes over each, in place: what is read-only stops an ordinary user, and a link would lead root elsewhere."""
    cache = tmp_path / 'cache'
    variables = seen('env', '--json', '--targets', 'libnoexit', '--cache', cache).json
    (cache / 'sysroot_install.stamp').unlink()
    right = (cache / 'sysroot/include/stdio.h').read_bytes()
    with open(cache / 'sysroot/include/stdio.h', 'a') as f:
        f.write('#error\n')
    (tmp_path / 'h.c').write_text('#include <stdio.h>\nint x;\n')
    powerless = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] if os.geteuid() == 0 else []
    done = subprocess.run([*powerless, *sdk.python, '-E', '-B', sdk.root / again[0], *again[1:]], capture_output=True, text=True,
                          check=False, cwd=tmp_path, env=plain_environment({**variables, 'EM_FROZEN_CACHE': '0'}))
    assert done.returncode == 0, done.stderr
    assert (cache / 'sysroot/include/stdio.h').read_bytes() == right
    trees = [path for path in (seen.home / 'store/trees').rglob('*') if path.is_file()]
    assert trees and all(path.stat().st_mode & 0o222 == 0 for path in trees)
    assert 'restored' not in seen('build', '--targets', 'libnoexit', '--cache', cache).err
