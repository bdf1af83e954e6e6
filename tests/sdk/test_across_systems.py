"""Libraries have the same code whichever system they were built on: Windows' Python and a clang for Windows, or Linux's.

Debug information differs, with embuilder as well: clang for Windows does not take `/emsdk/emscripten` for an absolute path, and
spells the directories of its line tables otherwise. So what is compared is every section of every object that is no custom one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import Emroot, cannot_run

from dev.clangs import ensure_clangs
from dev.wine import WineUnavailable, ensure_wine, windows
from emroot.sdk import Sdk

TARGETS = ('crt1', 'libnoexit', 'libstubs', 'libhtml5', 'libembind')
WANTED = ('--features', 'wasm64', '--targets', ','.join(TARGETS))
MODULE = b'\0asm'

pytestmark = pytest.mark.slow


def _members(file: bytes) -> Iterator[tuple[str, bytes]]:
    """Objects of an archive (or the object that a file is), in their order."""
    if file.startswith(MODULE):
        yield '', file
        return
    at = 8
    while at < len(file):
        header, size = file[at:at + 60], int(file[at + 48:at + 58])
        content = file[at + 60:at + 60 + size]
        if content.startswith(MODULE):
            yield header[:16].decode().strip(), content
        at += 60 + size + size % 2


def _number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def _sections(module: bytes) -> list[tuple[int, bytes]]:
    """The sections that are no custom ones: types, imports, functions, code, data."""
    at, found = 8, []
    while at < len(module):
        size, start = _number(module, at + 1)
        found.append((module[at], module[start:start + size]))
        at = start + size
    return [section for section in found if section[0] != 0]


def _code(cache: Path) -> dict[str, list[tuple[str, list[tuple[int, bytes]]]]]:
    files = sorted((cache / 'sysroot/lib/wasm64-emscripten').iterdir())
    return {file.name: [(name, _sections(module)) for name, module in _members(file.read_bytes())]
            for file in files if file.suffix in ('.a', '.o')}


def test_windows_makes_the_code_that_linux_makes(sdk: Sdk, tmp_path: Path):
    try:
        wine, clangs = ensure_wine(), ensure_clangs()
    except WineUnavailable as error:
        cannot_run(str(error))
    here = Emroot(tmp_path / 'linux', sdk.root)('build', '--json', *WANTED, env={'EM_CONFIG': str(clangs.linux)})
    assert here.code == 0, here.err
    command = ['-m', 'emroot', '--home', windows(tmp_path / 'windows'), '--sdk', windows(sdk.root), '--quiet']
    there = wine.python(*command, 'build', '--json', *WANTED, env={'EM_CONFIG': windows(clangs.windows)}, timeout=3000)
    assert there.returncode == 0, there.stdout
    document, _ = json.JSONDecoder().raw_decode(there.stdout[there.stdout.index('{\n'):])
    assert document['objects']['compiled'] == here.json['objects']['compiled'] > 8
    [cache] = (tmp_path / 'windows/cache').iterdir()
    mine, others = _code(Path(here.json['cache'])), _code(cache)
    assert sorted(mine) == sorted(others) and len(mine) == len(TARGETS)
    for name in mine:
        assert [member for member, _ in mine[name]] == [member for member, _ in others[name]] != []
        assert all(sections for _, sections in mine[name]) and mine[name] == others[name], name
