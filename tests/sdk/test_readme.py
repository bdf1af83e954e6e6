"""A new user, who has the README and a wheel, and nothing else: all commands of the README, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from support.downloads.sources import SourceUnavailable, copy_source
from support.remotes import remote_cache
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


def block(heading: str, kind: str = '') -> str:
    """The first block after a heading."""
    _, _, after = README.partition(f'**{heading}')
    found = re.search(rf'```{kind}\n(.*?)```', after, re.DOTALL)
    assert found, f'the README has nothing to run under {heading!r}'
    return found[1]


def commands(heading: str) -> list[str]:
    """The commands of that block."""
    return [line.partition('  #')[0].strip() for line in block(heading).splitlines() if line.strip()]


@pytest.fixture(scope='module')
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of programs of an environment into which the wheel was installed."""
    directory = tmp_path_factory.mktemp('user')
    assert release.build(directory / 'dist') == 0
    try:
        venv.create(directory / 'environment', with_pip=True)
    except subprocess.CalledProcessError:
        cannot_run('this Python has no ensurepip')
    pip = [directory / 'environment/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    subprocess.run([*pip, *(directory / 'dist').glob('*.whl')], check=True)
    return directory / 'environment/bin'


def user(programs: Path, sdk: Sdk, home: Path | str) -> dict[str, str]:
    """The environment of somebody who has installed emroot, and nothing of the clone."""
    env = {name: value for name, value in plain_environment().items() if not name.startswith('PYTHON')}
    path = [str(programs), str(Path(sdk.node[0]).parent), '/usr/bin', '/bin']
    return {**env, 'PATH': os.pathsep.join(path), 'EMROOT_HOME': str(home), 'EMSCRIPTEN_ROOT': str(sdk.root)}


def test_a_cmake_project_is_linked_with_thinlto(programs: Path, sdk: Sdk, tmp_path: Path):
    if not sdk.node:
        cannot_run('the SDK has no Node')
    project = tmp_path / 'project'
    project.mkdir()
    # wasm-ld of LLVM 19 does not take every C program with ThinLTO, with plain emcc neither.
    (project / 'CMakeLists.txt').write_text(CMAKE.format(flags='-flto=thin' if sdk.version >= '4' else '-flto'))
    (project / 'main.c').write_text(MAIN)
    env = user(programs, sdk, tmp_path / 'home')
    env['PATH'] = os.pathsep.join([str(programs), str(Path(sys.executable).parent), env['PATH']])  # cmake
    lines = commands('A whole build.')
    assert len(lines) == 2 and all(line.startswith('emroot run -- ') for line in lines)
    for line in [*lines, 'node build/app.js']:
        done = subprocess.run(['bash', '-c', line], cwd=project, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f'{line}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}'
    assert done.stdout == 'linked as the README says\n'


def test_a_link_that_one_knows_is_frozen(programs: Path, sdk: Sdk, tmp_path: Path):
    """The commands for Docker and CI, in their order, for a program in C++ with exceptions."""
    (tmp_path / 'main.cpp').write_text('#include <cstdio>\nint main() { std::puts("frozen"); }\n')
    env = user(programs, sdk, os.environ['EMROOT_TEST_HOME'])
    script = '\n'.join(['set -e', *commands('A known link.'), 'node app.js'])
    done = subprocess.run(['bash', '-c', script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith('frozen\n'), f'{done.stdout[-2000:]}\n{done.stderr[-4000:]}'


#: What a reader has under another name, or on another machine.
STANDING_FOR = {'/usr/share/emroot/base': 'base', ' DIR ': ' published '}
#: These look at a whole home, or take from its store: they get one of their own, which no other test uses.
OF_A_HOME = ('emroot doctor', 'emroot verify', 'emroot gc')


@pytest.mark.parametrize('heading', ['Libraries by name.', 'Sharing.', 'Problems:', 'Reports and shell completion:'])
def test_every_other_command_does_what_it_says(programs: Path, sdk: Sdk, tmp_path: Path, heading: str):
    """In a project whose `emroot.toml` is the README's; its port is taken from a directory, for want of a network."""
    (tmp_path / 'emroot.toml').write_text(block('A project file.', 'toml').replace('6.0.5', sdk.version))
    env = user(programs, sdk, os.environ['EMROOT_TEST_HOME'])
    try:
        env['EMCC_LOCAL_PORTS'] = f'zlib={copy_source("zlib", tmp_path / "zlib")}'
    except SourceUnavailable as error:
        cannot_run(str(error))
    said = {}
    with remote_cache() as cache:
        for line in commands(heading):
            text = line.replace('https://cache.example/emroot', cache.url)
            for shown, here in STANDING_FOR.items():
                text = text.replace(shown, here)
            if 'base' in text:
                text = f'mkdir -p base && tar -xzf libs.tar.gz -C base && {text}'
            if line.startswith(OF_A_HOME):
                text = f'export EMROOT_HOME="$PWD/home" && emroot -q build --targets crt1 && {text}'
            done = subprocess.run(['bash', '-c', text], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f'{text}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}'
            assert 'warning' not in done.stderr, done.stderr
            said[line] = done.stdout
    assert said and (not heading.startswith('Reports') or "'libc'" in list(said.values())[-1])
    for made in ('libs.tar.gz', 'published', 'report.html', 'trace.json'):
        assert (tmp_path / made).exists() == any(made in line or (made == 'published' and ' DIR ' in line) for line in said), made
