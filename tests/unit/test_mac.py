"""What is otherwise on macOS, as far as it is logic."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from emroot.engine.execution.jobserver import find_jobserver
from emroot.host import copying, home
from emroot.host.home import find_home
from emroot.sdk.discovery import candidates, emscripten_root

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='scripts with #! are not to be had there')


@pytest.fixture
def cellar(tmp_path: Path) -> Path:
    """Homebrew's layout: the SDK in libexec, scripts in bin that start it, links to these in the prefix."""
    keg = tmp_path / 'opt/homebrew/Cellar/emscripten/6.0.8'
    (keg / 'libexec').mkdir(parents=True)
    (keg / 'libexec/emcc.py').write_text('')
    (keg / 'bin').mkdir()
    for name, says in (('emcc', ''), ('em-config', f'echo {keg}/libexec')):
        (keg / 'bin' / name).write_text(f'#!/bin/sh\n{says}\n')
        (keg / 'bin' / name).chmod(0o755)
        (tmp_path / 'opt/homebrew/bin').mkdir(exist_ok=True)
        (tmp_path / 'opt/homebrew/bin' / name).symlink_to(keg / 'bin' / name)
    return keg


def test_the_sdk_behind_homebrews_emcc_is_found(cellar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith('EM')]:
        monkeypatch.delenv(name)
    monkeypatch.setenv('PATH', f'{tmp_path}/opt/homebrew/bin:/usr/bin:/bin')
    [found] = [c for c in candidates(find_home(tmp_path / 'home')) if c.how == 'PATH']
    assert found.root == cellar / 'libexec'


def test_the_sdk_is_found_by_homebrews_prefix(cellar: Path):
    assert emscripten_root(cellar) == cellar / 'libexec'


def test_caches_are_where_macos_has_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, 'platform', 'darwin')
    monkeypatch.setenv('HOME', '/Users/me')
    monkeypatch.setenv('XDG_CACHE_HOME', '/elsewhere')
    assert home.user_cache_dir() == Path('/Users/me/Library/Caches/emroot')


def test_a_file_is_cloned_where_the_system_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The system's function is found by its name, and given two paths as bytes and no flags."""
    class System:
        def __init__(self, _: object) -> None:
            self.clonefile = lambda source, target, flags: Path(os.fsdecode(target)).write_bytes(b'cloned') * flags
    (tmp_path / 'ö').write_bytes(b'old')
    monkeypatch.setattr(sys, 'platform', 'darwin')
    monkeypatch.setattr('ctypes.CDLL', System)
    copying.link_or_copy(tmp_path / 'ö', tmp_path / 'copy', linked=False)
    assert (tmp_path / 'copy').read_bytes() == b'cloned'


def test_it_is_copied_where_the_system_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Asked for real: no other system has that function."""
    (tmp_path / 'file').write_bytes(b'content')
    monkeypatch.setattr(sys, 'platform', 'darwin')
    if sys.platform == 'darwin' and not copying.clone(tmp_path / 'file', tmp_path / 'clone'):
        copying.link_or_copy(tmp_path / 'file', tmp_path / 'clone', linked=False)
    assert (tmp_path / 'clone').read_bytes() == b'content'


def test_makes_jobs_are_shared_without_procfs(monkeypatch: pytest.MonkeyPatch):
    opened = os.open

    def refuse(path: str, *arguments: int) -> int:
        if str(path).startswith('/proc'):
            raise FileNotFoundError(path)
        return opened(path, *arguments)
    monkeypatch.setattr(os, 'open', refuse)
    reading, writing = os.pipe()
    try:
        os.write(writing, b'+')
        server, problem = find_jobserver(f' -j2 --jobserver-auth={reading},{writing}')
        assert server is not None and problem == ''
        own, other = server.take(1), server.take(1)
        assert own is not None and other is not None
        server.close()
    finally:
        os.close(reading)
        os.close(writing)
