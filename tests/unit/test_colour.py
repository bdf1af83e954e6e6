"""Colour where it is wanted, and what GitHub Actions is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.running import Emroot
from test_watch import _on_terminal

RED = '\x1b[31;1m'


@pytest.mark.parametrize('env', [{}, {'NO_COLOR': '1', 'FORCE_COLOR': '1'}, {'FORCE_COLOR': '0'}, {'CLICOLOR': '1'}])
def test_what_is_no_terminal_gets_no_colour(fake: Emroot, env: dict[str, str]):
    assert '\x1b' not in fake('build', '--targets', 'libbroken', env=env).err


@pytest.mark.parametrize('env', [{'FORCE_COLOR': '1'}, {'CLICOLOR_FORCE': '1'}])
def test_unless_it_is_asked_for(fake: Emroot, env: dict[str, str]):
    said = fake('build', '--targets', 'libbroken', env=env).err
    assert f'{RED}failed\x1b[0m wasm32/libbroken' in said and f'{RED}emroot: cannot build' in said
    assert f'{RED}emroot: error:' in fake('build', '--targets', 'nothing', env=env).err


@pytest.mark.parametrize('env', [{'NO_COLOR': '1'}, {'CLICOLOR': '0'}])
def test_a_terminal_without_colour_is_painted_all_the_same(fake: Emroot, env: dict[str, str]):
    painted = _on_terminal(fake, 'build', '--targets', 'libmany,libbroken', **env)
    assert '/26 objects' in painted and '\x1b[?25l' in painted
    assert '\x1b[3' not in painted and '\x1b[1;3' not in painted, 'no colours'


def test_a_terminal_has_colour(fake: Emroot):
    painted = _on_terminal(fake, 'build', '--targets', 'libbroken')
    assert '\x1b[1;31m failed' in painted and f'{RED}emroot: cannot build' in painted


def test_a_build_that_finds_everything_there_paints_nothing(fake: Emroot):
    fake.build('libone')
    painted = _on_terminal(fake, 'build', '--targets', 'libone')
    assert '\x1b' not in painted and '1 reused' in painted


def test_narrow_terminals_get_what_fits(fake: Emroot):
    painted = _on_terminal(fake, 'build', '--targets', 'libmany', COLUMNS='40')
    rows = [row for row in painted.replace('\r', '\n').splitlines() if 'objects' in row or 'libmany f' in row]
    assert rows and not [row for row in rows if '━' in row], 'there is no room for a bar'


def test_github_gets_an_annotation_for_each_failure_and_a_table(fake: Emroot, tmp_path: Path):
    env = {'GITHUB_ACTIONS': 'true', 'GITHUB_STEP_SUMMARY': str(tmp_path / 'summary.md'), 'CI': 'true'}
    ran = fake('build', '--json', '--targets', 'libbroken,libone', env=env)
    assert '::error title=emroot%3A cannot build wasm32/libbroken::broken.c:1:1: error: this is broken\n' in ran.err
    assert ran.json['modes'], 'standard output is what it is elsewhere'
    text = (tmp_path / 'summary.md').read_text()
    assert '| `wasm32` | 1 | 0 | 1 |' in text and 'this is broken' in text
    assert f'{ran.json["objects"]["compiled"]} objects compiled' in text


def test_github_gets_an_annotation_for_an_error_on_one_line(fake: Emroot):
    said = fake('build', '--targets', 'libon', env={'GITHUB_ACTIONS': 'true'}).err
    (line,) = [line for line in said.splitlines() if line.startswith('::')]
    assert line.startswith("::error title=emroot::unknown target 'libon'; did you mean libone") and '%0A  hint: ' in line
    assert '::' not in fake('build', '--targets', 'libon').err


def test_what_ran_quietly_leaves_no_table(fake: Emroot, tmp_path: Path):
    env = {'GITHUB_ACTIONS': 'true', 'GITHUB_STEP_SUMMARY': str(tmp_path / 'summary.md')}
    assert fake('-q', 'build', '--targets', 'libone', env=env).code == 0
    assert not (tmp_path / 'summary.md').exists()
