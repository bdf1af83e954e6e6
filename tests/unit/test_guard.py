"""What `emroot env` sets holds for one SDK: an emcc of another one has its own configuration and its own cache."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.fake import make_fake_sdk
from support.running import Emroot, plain_environment

#: As an emcc reads its configuration: says where its cache and its compiler are, and whether the cache is frozen.
READING = ('import os, sys; sys.path.insert(0, sys.argv[1]); from tools import config; '
           'print(config.CACHE, config.LLVM_ROOT, os.environ.get("EM_FROZEN_CACHE", ""))')


def _read(root: Path, env: Mapping[str, str]) -> list[str]:
    """What an emcc of the SDK at `root` reads."""
    ran = subprocess.run([sys.executable, '-c', READING, str(root)], env=plain_environment(env), capture_output=True, text=True,
                         check=True)
    return ran.stdout.rstrip('\n').split(' ')


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """Another SDK."""
    return make_fake_sdk(tmp_path / 'second', version='9.9.8')


def _env(emroot: Emroot, *arguments: object, env: Mapping[str, str] | None = None) -> dict[str, str]:
    ran = emroot('env', '--json', '--targets', 'libone', *arguments, env=env)
    assert ran.code == 0, ran.err
    return {name: value for name, value in ran.json.items() if name.startswith('EM_')}


def test_another_sdk_keeps_its_own_cache_and_compiler(fake: Emroot, second: Path, tmp_path: Path):
    assert fake.sdk
    plain = _read(second, {})
    env = _env(fake, '--cache', tmp_path / 'cache')
    assert _read(fake.sdk, env) == [str(tmp_path / 'cache'), _read(fake.sdk, {})[1], '1']
    assert _read(second, env) == plain


def test_what_is_set_afterwards_holds_for_every_emcc(fake: Emroot, second: Path, tmp_path: Path):
    assert fake.sdk
    env = {**_env(fake, '--cache', tmp_path / 'cache'), 'EM_CACHE': str(tmp_path / 'mine')}
    assert [_read(root, env)[0] for root in (fake.sdk, second)] == [str(tmp_path / 'mine')] * 2


def test_two_sdks_one_after_the_other(fake: Emroot, second: Path, tmp_path: Path):
    assert fake.sdk
    first = _env(fake, '--cache', tmp_path / 'first')
    then = _env(Emroot(fake.home, second), '--cache', tmp_path / 'then', env=first)
    assert _read(second, then)[0] == str(tmp_path / 'then')
    assert _read(fake.sdk, then) == _read(fake.sdk, {}), 'neither what was set for the second, nor for itself before'


def test_emroot_sees_through_it(fake: Emroot, tmp_path: Path):
    env = _env(fake, '--cache', tmp_path / 'cache')
    seen = sorted(path.name for path in (fake.home / 'memo' / 'sdk').iterdir())
    again = _env(fake, '--cache', tmp_path / 'cache', env=env)
    assert again == env and _env(fake, '--cache', tmp_path / 'cache', env=again) == env
    shown = [fake('sdk', 'show', '--json', env=each).json for each in ({}, env)]
    assert shown[0] == shown[1]
    assert sorted(path.name for path in (fake.home / 'memo' / 'sdk').iterdir()) == seen, 'no SDK is looked into again'


def test_a_configuration_of_the_users_own_is_read_all_the_same(fake: Emroot, second: Path, tmp_path: Path):
    assert fake.sdk
    own = tmp_path / 'own.config'
    own.write_text((fake.sdk / '.emscripten').read_text() + f'CACHE = {str(tmp_path / "unused")!r}\nEM_MINE = 1\n')
    env = _env(fake, '--cache', tmp_path / 'cache', env={'EM_CONFIG': str(own)})
    assert env['EM_CONFIG'] != str(own)
    assert _read(fake.sdk, env)[0] == str(tmp_path / 'cache')
    assert _read(fake.sdk, {'EM_CONFIG': env['EM_CONFIG']})[0] == str(tmp_path / 'unused'), 'without EM_CACHE it says which'


def test_run_below_env_and_env_below_run(fake: Emroot, second: Path, tmp_path: Path):
    env = _env(fake, '--cache', tmp_path / 'cache')
    reading = [sys.executable, '-c', READING, str(second)]
    ran = fake('run', '--cache', tmp_path / 'below', '--', *reading, env=env)
    assert ran.out.split(' ')[0] == _read(second, {})[0], ran.err

    def below(cache: Path) -> set[str]:
        inner = fake.command('env', '--targets', 'libone', '--cache', cache)
        ran = fake('run', '--cache', tmp_path / 'cache', '--', *inner)
        return {line.split('=')[0] for line in ran.out.splitlines() if 'EM_' in line}
    assert below(tmp_path / 'cache') == {'export EM_CACHE', 'export EM_FROZEN_CACHE'}, 'what is there serves, and builds'
    assert below(tmp_path / 'another') == {'export EM_CACHE', 'export EM_FROZEN_CACHE', 'export EM_CONFIG'}


@pytest.mark.parametrize('shell', ['bash', 'fish', 'powershell', 'cmd'])
def test_every_shell_is_told(fake: Emroot, shell: str):
    config = _env(fake)['EM_CONFIG']
    lines = fake('env', '--targets', 'libone', '--shell', shell).out.splitlines()
    assert [line for line in lines if 'EM_CONFIG' in line and config in line], lines
    if shell == 'bash':
        assert f'export EM_CONFIG={shlex.quote(config)}' in lines


def test_another_content_of_it_is_replaced(fake: Emroot):
    """It is Python that every emcc runs."""
    config = Path(_env(fake)['EM_CONFIG'])
    right = config.read_bytes()
    config.write_bytes(right + b'import os; os.abort()\n')
    assert Path(_env(fake)['EM_CONFIG']).read_bytes() == right
