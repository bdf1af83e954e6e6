"""Where programs are looked for: on PATH, and never in the current directory."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from emroot.host.programs import find_program

SOURCES = Path(__file__).resolve().parents[2] / 'src/emroot'
#: What a program is called here.
ENDING = '.bat' if os.name == 'nt' else ''


def a_program(directory: Path) -> str:
    directory.parent.mkdir(parents=True, exist_ok=True)
    file = directory.with_name(directory.name + ENDING)
    file.write_text('@exit /b 0\n' if ENDING else '#!/bin/sh\n')
    file.chmod(0o755)
    return str(file)


@pytest.fixture(autouse=True)
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: it has a program of each name, and one in a directory of its own."""
    (directory := tmp_path / 'project').mkdir()
    for name in ('node', 'tools/node'):
        a_program(directory / name)
    monkeypatch.chdir(directory)
    return directory


@pytest.mark.parametrize('path', ['', '.', os.pathsep, f'.{os.pathsep}tools', 'tools', './tools'])
def test_the_current_directory_is_none_in_which_programs_lie(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_program('node', path) is None
    monkeypatch.setenv('PATH', path)
    assert find_program('node') is None


def test_what_is_on_path_is_found_whatever_lies_here(tmp_path: Path) -> None:
    (tmp_path / 'empty').mkdir()
    there = a_program(tmp_path / 'bin/node')
    found = find_program('node', os.pathsep.join(['', '.', str(tmp_path / 'empty'), str(tmp_path / 'bin')]))
    assert found and os.path.samefile(found, there) and os.path.isabs(found)


def test_what_cannot_be_run_is_no_program(tmp_path: Path) -> None:
    (tmp_path / 'bin/node').mkdir(parents=True)
    (tmp_path / 'bin/emcc').write_text('')
    assert find_program('node', str(tmp_path / 'bin')) is find_program('emcc', str(tmp_path / 'bin')) is None


def test_a_name_with_a_directory_is_that_file_as_it_is_given(trap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_program(f'./node{ENDING}') == f'./node{ENDING}'
    assert find_program('./none') is None
    monkeypatch.setenv('HOME', str(trap))
    monkeypatch.setenv('USERPROFILE', str(trap))
    found = find_program('~/tools/node')
    assert found and os.path.samefile(found, trap / f'tools/node{ENDING}')


def test_nothing_else_looks_for_programs() -> None:
    """`which` of the standard library takes those of the current directory on Windows."""
    for source in SOURCES.rglob('*.py'):
        for node in ast.walk(ast.parse(source.read_text(encoding='utf-8'))):
            named = node.attr if isinstance(node, ast.Attribute) else node.name if isinstance(node, ast.alias) else ''
            assert named != 'which', f'{source}: use find_program'
