"""Compiling through a launcher: it may save time, it decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.running import Emroot
from support.snapshots import archives, counts

SELECTION = ('--targets', 'libone,libcxx,libmany', '--json')


@pytest.fixture
def plain(fake: Emroot, tmp_path: Path) -> dict[str, str]:
    """What comes out without one."""
    ran = fake.machine(tmp_path / 'plain')('build', *SELECTION)
    return archives(Path(ran.json['cache']))


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    """One that notes what it starts."""
    return _script(tmp_path / 'launcher', f'echo "$@" >> {tmp_path}/started; exec "$@"')


def _script(directory: Path, text: str) -> Path:
    directory.write_text(f'#!/bin/sh\n{text}\n')
    directory.chmod(0o755)
    return directory


@pytest.mark.parametrize('how', ['option', 'variable', 'path', 'configuration'])
def test_every_compile_goes_through_it(fake: Emroot, plain: dict[str, str], launcher: Path, tmp_path: Path, how: str):
    given = {'option': ['--launcher', launcher], 'path': ['--launcher', launcher.name]}.get(how, [])
    env = {'variable': {'EM_COMPILER_WRAPPER': str(launcher)}, 'path': {'PATH': f'{tmp_path}:/usr/bin:/bin'}}.get(how, {})
    if how == 'configuration':
        config = tmp_path / 'config'
        config.write_text((fake.sdk / '.emscripten').read_text() + f'\nCOMPILER_WRAPPER = {str(launcher)!r}\n')
        env = {'EM_CONFIG': str(config)}
    ran = fake('build', *SELECTION, *given, env=env)
    assert ran.code == 0 and 'warning' not in ran.err and counts(ran.json) == (28, 0), ran.err
    assert len((tmp_path / 'started').read_text().splitlines()) == 28
    assert archives(Path(ran.json['cache'])) == plain
    again = fake('build', *SELECTION, '--cache', tmp_path / 'other')  # keys do not tell of it
    assert counts(again.json) == (0, 28)


def test_the_option_turns_the_variable_off(fake: Emroot, launcher: Path, tmp_path: Path):
    assert fake('build', *SELECTION, '--launcher', '', env={'EM_COMPILER_WRAPPER': str(launcher)}).code == 0
    assert not (tmp_path / 'started').exists()


@pytest.mark.parametrize(('text', 'says'), [
    ('echo "it is down" >&2; exit 9', 'it is down'),
    ('"$@"; while [ $# -gt 0 ]; do [ "$1" = -o ] && echo other >> "$2"; shift; done', 'its output differs'),
    ('exit 0', 'a compile fails with it')])
def test_one_that_fails_or_lies_is_left_with_one_warning(fake: Emroot, plain: dict[str, str], tmp_path: Path, text: str,
                                                         says: str):
    ran = fake('build', *SELECTION, '--launcher', _script(tmp_path / 'bad', text))
    assert ran.code == 0 and ran.err.count('warning') == 1 and says in ran.err, ran.err
    assert archives(Path(ran.json['cache'])) == plain


def test_what_does_not_compile_is_not_its_fault(fake: Emroot, launcher: Path):
    ran = fake('build', '--targets', 'libbroken', '--launcher', launcher)
    assert ran.code == 5 and 'this is broken' in ran.err and 'warning' not in ran.err
    assert 'launcher' not in ran.err.split('to reproduce:')[1]


def test_one_that_is_not_there_is_usage(fake: Emroot):
    for given, env in ((['--launcher', 'no-such-program'], {}), ([], {'EM_COMPILER_WRAPPER': '/no/such'})):
        ran = fake('build', *SELECTION, *given, env=env)
        assert ran.code == 2 and 'EM_COMPILER_WRAPPER' in ran.err
