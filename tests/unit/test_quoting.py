"""Commands that emroot shows can be copied into a shell, wherever things lie."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from support.running import Emroot

from emroot.diagnostics.checks import examine_environment
from emroot.errors import StoreError, UsageError
from emroot.host.home import find_home
from emroot.host.quoting import quoted
from emroot.lazy_link.link_history import completing_command
from emroot.modes import Mode
from emroot.project.project_file import CacheSection, Project
from emroot.project.trust import check_section

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='its shells have other rules')

ODD = "it's a $HOME=, `id`; b"


def test_a_plain_path_stays_as_it_is():
    assert quoted(Path('/home/user/cache-1')) == '/home/user/cache-1'


def test_what_completes_a_cache_directory(tmp_path: Path):
    command = completing_command(tmp_path / ODD, {Mode(): ['libc']})
    assert shlex.split(command) == ['emroot', 'build', '--cache', str(tmp_path / ODD), '--targets', 'wasm32/libc']


def test_what_doctor_says_of_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('EM_CACHE', str(tmp_path / ODD))
    monkeypatch.setenv('EM_FROZEN_CACHE', '1')
    hints = [finding.hint for finding in examine_environment(tmp_path)]
    assert [quoted(tmp_path / ODD) in hint for hint in hints] == [True, True]


def test_what_gives_trust(tmp_path: Path):
    project = Project(file=tmp_path / ODD / 'emroot.toml', trusted=False)
    with pytest.raises(UsageError) as caught:
        check_section(project, CacheSection(targets=['a.py']))
    assert f'emroot trust {quoted(tmp_path / ODD)}`' in caught.value.hint


def test_what_takes_rights_from_others(tmp_path: Path):
    home = tmp_path / ODD
    home.mkdir()
    home.chmod(0o777)
    with pytest.raises(StoreError) as caught:
        find_home(home)
    assert caught.value.hint.endswith(f'chmod -R go-w {quoted(home)}')


def test_the_command_of_a_log(fake: Emroot, tmp_path: Path):
    ran = fake('build', '--targets', 'crt1', '--cache', tmp_path / ODD)
    assert ran.code == 0, ran.err
    [log] = (fake.home / 'logs').glob('*.log')
    words = shlex.split(log.read_text(encoding='utf-8').splitlines()[0])
    assert words[0] == 'emroot' and str(tmp_path / ODD) in words
