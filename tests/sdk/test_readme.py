"""A new user, who has the README and a wheel, and nothing else."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest
from support.running import cannot_run, plain_environment

from dev import release
from emroot.sdk import Sdk

README = (Path(__file__).resolve().parents[2] / 'README.md').read_text(encoding='utf-8')
CMAKE = '''cmake_minimum_required(VERSION 3.16)
project(app C)
add_compile_options({flags})
add_link_options({flags} -sDEFAULT_TO_CXX=0)
add_executable(app main.c)
'''
MAIN = '#include <stdio.h>\n\nint main(void) { return printf("linked as the README says\\n") < 0; }\n'

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == 'nt', reason='the README\'s commands are those of a POSIX shell')]


def commands(heading: str) -> list[str]:
    """The commands of the first block after a heading."""
    _, _, after = README.partition(f'**{heading}')
    block = re.search(r'```\n(.*?)```', after, re.DOTALL)
    assert block, f'the README has nothing to run under {heading!r}'
    return [line.partition('  #')[0].strip() for line in block[1].splitlines() if line.strip()]


@pytest.fixture(scope='module')
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of programs of an environment into which the wheel was installed."""
    place = tmp_path_factory.mktemp('user')
    assert release.build(place / 'dist') == 0
    try:
        venv.create(place / 'environment', with_pip=True)
    except subprocess.CalledProcessError:
        cannot_run('this Python has no ensurepip')
    pip = [place / 'environment/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    subprocess.run([*pip, *(place / 'dist').glob('*.whl')], check=True)
    return place / 'environment/bin'


def test_a_cmake_project_is_linked_with_thinlto_in_five_minutes(programs: Path, sdk: Sdk, tmp_path: Path):
    if not sdk.node:
        cannot_run('the SDK has no Node')
    project = tmp_path / 'project'
    project.mkdir()
    # wasm-ld of LLVM 19 does not take every C program with ThinLTO, with plain emcc neither.
    (project / 'CMakeLists.txt').write_text(CMAKE.format(flags='-flto=thin' if sdk.version >= '4' else '-flto'))
    (project / 'main.c').write_text(MAIN)
    path = [str(programs), str(Path(sys.executable).parent), str(Path(sdk.node[0]).parent), '/usr/bin', '/bin']
    env = {name: value for name, value in plain_environment().items() if not name.startswith('PYTHON')}
    env |= {'PATH': os.pathsep.join(path), 'EMROOT_HOME': str(tmp_path / 'home'), 'EMSCRIPTEN_ROOT': str(sdk.root)}
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = commands('A build whose links you do not want to think about.')
    assert len(lines) == 2 and all(line.startswith('emroot run -- cmake ') for line in lines)
    for line in [*lines, 'node build/app.js']:
        line = line.replace('$EMSDK/upstream/emscripten', '$EMSCRIPTEN_ROOT')  # this SDK is Debian's, and no emsdk
        done = subprocess.run(['bash', '-c', line], cwd=project, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f'{line}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}'
    assert done.stdout == 'linked as the README says\n'
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(f'{time.monotonic() - began:.0f} s, {processor:.0f} s of processor')
    assert min(time.monotonic() - began, processor / 2) < 300  # two processors; others may be using them as well


def test_a_link_that_one_knows_is_frozen(programs: Path, sdk: Sdk, tmp_path: Path):
    """The commands for Docker and CI, in their order, for a program in C++ with exceptions."""
    if sdk.version < '4':
        pytest.skip('before 4, -m64 is not a flag of emcc\'s')
    (tmp_path / 'main.cpp').write_text('#include <cstdio>\nint main() { std::puts("frozen"); }\n')
    env = {name: value for name, value in plain_environment().items() if not name.startswith('PYTHON')}
    home = os.environ['EMROOT_TEST_HOME']
    env |= {'PATH': f'{programs}:{Path(sdk.node[0]).parent}:/usr/bin:/bin', 'EMROOT_HOME': home, 'EMSCRIPTEN_ROOT': str(sdk.root)}
    script = '\n'.join(['set -e', *commands('A link that you know.'), 'node app.js'])
    done = subprocess.run(['bash', '-c', script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith('frozen\n'), f'{done.stdout[-2000:]}\n{done.stderr[-4000:]}'
