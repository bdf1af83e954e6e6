"""The home: where it is, what it keeps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emroot.host.home import LOGS_KEPT, Home, find_home, read_json, write_json


def test_what_is_given_comes_before_the_variable_and_that_before_the_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'xdg'))
    monkeypatch.setenv('EMROOT_HOME', str(tmp_path / 'variable'))
    assert find_home(tmp_path / 'given').root == tmp_path / 'given'
    assert find_home().root == tmp_path / 'variable'
    monkeypatch.delenv('EMROOT_HOME')
    if os.name == 'posix' and 'XDG_CACHE_HOME' in os.environ:
        assert find_home().root == tmp_path / 'xdg' / 'emroot'


def test_it_says_to_backups_that_it_is_a_cache(home: Home):
    home.prepare()
    assert (home.root / 'CACHEDIR.TAG').read_text().startswith('Signature: 8a477f597d28d172789f06886806bc55')


def test_the_last_twenty_logs_are_kept(home: Home):
    home.logs.mkdir(parents=True)
    for day in range(1, 31):
        (home.logs / f'202001{day:02}-120000-1.log').write_text('old')
    home.new_log().write_text('new')
    kept = sorted(p.name for p in home.logs.iterdir())
    assert LOGS_KEPT == 20
    assert len(kept) == 20
    assert kept[0] == '20200112-120000-1.log'


def test_every_sdk_has_a_cache_directory_of_its_own(home: Home):
    assert home.cache_directory('6.0.5', 'a' * 64) != home.cache_directory('6.0.5', 'b' * 64)
    assert '6.0.5' in home.cache_directory('6.0.5', 'a' * 64).name


def test_a_memo_is_what_was_kept(tmp_path: Path):
    write_json(tmp_path / 'below' / 'memo', {'answer': 1})
    assert read_json(tmp_path / 'below' / 'memo') == {'answer': 1}


@pytest.mark.parametrize('content', [b'', b'{', b'[1]', b'\xff\xfe', b'null'])
def test_a_memo_that_cannot_be_read_is_asked_again(tmp_path: Path, content: bytes):
    (tmp_path / 'memo').write_bytes(content)
    assert read_json(tmp_path / 'memo') is None
    assert read_json(tmp_path / 'none') is None


def test_a_memo_that_cannot_be_kept_costs_only_asking_again(tmp_path: Path):
    (tmp_path / 'file').write_text('no directory')
    write_json(tmp_path / 'file' / 'memo', {'answer': 1})
