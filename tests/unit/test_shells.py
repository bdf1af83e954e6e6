"""What `emroot env` prints is read by the shell that it is meant for, whatever is in the paths."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.running import cannot_run

from emroot.cli.shells import SHELLS

WEIRD = '/it\'s a "path" with $HOME, `id`, \\ and ünïcode'
values = st.text(st.characters(exclude_characters='\0', exclude_categories=['Cs']))


@pytest.mark.parametrize(('shell', 'line'), [
    ('bash', "export EM_CACHE='/a b'\n"),
    ('fish', "set -gx EM_CACHE '/a b'\n"),
    ('powershell', "$env:EM_CACHE = '/a b'\n"),
    ('cmd', 'set "EM_CACHE=/a b"\n'),
])
def test_each_shell_has_its_own_way(shell: str, line: str):
    assert SHELLS[shell].assignment('EM_CACHE', '/a b') == line


@given(values)
@example(WEIRD)
@settings(max_examples=15)
def test_bash_reads_back_any_value(value: str):
    if not shutil.which('bash'):
        cannot_run('there is no bash')
    script = SHELLS['bash'].assignment('EM_CACHE', value) + 'printf %s "$EM_CACHE"'
    read = subprocess.run(['bash', '--norc', '-s'], input=script.encode(), capture_output=True, check=True)
    assert read.stdout == value.encode()


@given(values)
@example(WEIRD)
def test_fish_reads_back_any_value(value: str):
    """In fish's single quotes a backslash escapes a backslash and a quote, and nothing else."""
    quoted = SHELLS['fish'].assignment('X', value).removeprefix('set -gx X ').removesuffix('\n')
    assert quoted[0] == quoted[-1] == "'"
    read, rest = '', quoted[1:-1]
    while rest:
        if rest[0] == '\\' and rest[1:2] in ('\\', "'"):
            rest = rest[1:]
        else:
            assert rest[0] != "'"
        read, rest = read + rest[0], rest[1:]
    assert read == value


@given(values)
@example(WEIRD)
def test_powershell_reads_back_any_value(value: str):
    """In PowerShell's single quotes a quote is doubled, and everything else stands for itself."""
    quoted = SHELLS['powershell'].assignment('X', value).removeprefix('$env:X = ').removesuffix('\n')
    assert quoted[0] == quoted[-1] == "'"
    assert "'" not in quoted[1:-1].replace("''", '')
    assert quoted[1:-1].replace("''", "'") == value
