"""Which tests run when: no share of the slow tests leaves one out for good."""

from __future__ import annotations

import subprocess
from argparse import ArgumentTypeError
from pathlib import Path

import pytest
from support.tiers import Share

from dev import testing

NAMES = [f'tests/{part}/test_{n}.py::test_{m}[{n}-{m}]' for part in ('sdk', 'bazel') for n in range(30) for m in range(9)]


@pytest.mark.parametrize('count', [1, 2, testing.SHARES])
def test_each_slow_test_is_in_one_share(count: int):
    shares = [{name for name in NAMES if Share(number, count).has(name)} for number in range(1, count + 1)]
    assert sum(map(len, shares)) == len(NAMES)
    assert set().union(*shares) == set(NAMES)
    assert min(map(len, shares)) > max(map(len, shares)) / 2


@pytest.mark.parametrize('text', ['0/3', '4/3', '1', 'x/y', '1/2/3'])
def test_what_is_no_share_is_refused(text: str):
    with pytest.raises(ArgumentTypeError, match='write K/N'):
        Share.parse(text)


@pytest.mark.parametrize('hours', [1, 24, 48, 7 * 24], ids=['hourly', 'daily', 'each other day', 'weekly'])
def test_every_share_has_its_turn_in_any_rhythm(monkeypatch: pytest.MonkeyPatch, hours: int):
    monkeypatch.delenv('GITHUB_RUN_NUMBER', raising=False)
    monkeypatch.setattr(testing, '_commits', lambda: '')  # a directory that is no clone
    taken = set()
    for turn in range(testing.SHARES):
        monkeypatch.setattr(testing.time, 'time', lambda at=turn * hours * 3600 + 1e9: at)
        taken.add(testing.automatic_share())
    assert len(taken) == testing.SHARES


def test_in_workflows_the_number_of_the_run_decides(monkeypatch: pytest.MonkeyPatch):
    def of(number: int) -> str:
        monkeypatch.setenv('GITHUB_RUN_NUMBER', str(number))
        return testing.automatic_share()
    assert len({of(number) for number in range(100, 100 + testing.SHARES)}) == testing.SHARES


def test_a_commit_has_the_same_share_each_time_and_the_next_one_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv('GITHUB_RUN_NUMBER', raising=False)
    monkeypatch.setattr(testing, 'ROOT', tmp_path)
    subprocess.run(['git', 'init', '-q', tmp_path], check=True)
    taken = []
    for _ in range(testing.SHARES):
        subprocess.run(['git', '-C', tmp_path, '-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '-q', '--allow-empty',
                        '-m', 'x'], check=True)
        taken.append(testing.automatic_share())
        assert testing.automatic_share() == taken[-1]
    assert len(set(taken)) == testing.SHARES
