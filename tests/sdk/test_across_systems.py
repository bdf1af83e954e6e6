"""Libraries are the same whichever system they were built on: with Windows' Python and a clang for Windows, or with Linux's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.running import Emroot, cannot_run

from dev.clangs import ensure_clangs
from dev.wine import WineUnavailable, ensure_wine, windows
from emroot.sdk import Sdk

TARGETS = ('crt1', 'libnoexit', 'libstubs', 'libhtml5', 'libembind')
WANTED = ('--features', 'wasm64', '--features', 'wasm32,lto', '--targets', ','.join(TARGETS))

pytestmark = pytest.mark.slow


def _archives(cache: Path) -> dict[str, bytes]:
    top = cache / 'sysroot/lib'
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in sorted(top.rglob('*')) if path.suffix in ('.a', '.o')}


def test_windows_makes_what_linux_makes(sdk: Sdk, tmp_path: Path):
    try:
        wine, clangs = ensure_wine(), ensure_clangs()
    except WineUnavailable as error:
        cannot_run(str(error))
    here = Emroot(tmp_path / 'linux', sdk.root)('build', '--json', *WANTED, env={'EM_CONFIG': str(clangs.linux)})
    assert here.code == 0, here.err
    command = ['-m', 'emroot', '--home', windows(tmp_path / 'windows'), '--sdk', windows(sdk.root), '--quiet']
    there = wine.python(*command, 'build', '--json', *WANTED, env={'EM_CONFIG': windows(clangs.windows)}, timeout=3000)
    assert there.returncode == 0, there.stdout
    [cache] = (tmp_path / 'windows/cache').iterdir()
    mine, others = _archives(Path(here.json['cache'])), _archives(cache)
    assert sorted(mine) == sorted(others) and len(mine) == 2 * len(TARGETS)
    assert [name for name in mine if mine[name] != others[name]] == []
    assert json.loads(there.stdout[there.stdout.index('{'):])['objects']['compiled'] == here.json['objects']['compiled']
