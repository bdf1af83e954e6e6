"""Libraries have the same code whichever system they were built on: Windows' Python and a clang for Windows, or Linux's.

Debug information differs, with embuilder as well: clang for Windows does not take `/emsdk/emscripten` for an absolute path, and
spells the directories of its line tables with backslashes; `__FILE__` has those of the command line. So three things are
compared: what emroot and the SDK's own embuilder make on Windows, every byte; what either system makes, every section of every
object that is not debug information, but for the separators in names of files; and with LTO what one and the same clang makes of
either's bitcode.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.running import Emroot, cannot_run
from support.snapshots import archives
from support.windows.clangs import Clangs, ensure_clangs
from support.windows.wine import Wine, WineUnavailable, ensure_wine, windows

from emroot.sdk import Sdk

MODULE, BITCODE = b'\0asm', b'BC\xc0\xde'
TARGETS = ('crt1', 'libnoexit', 'libstubs', 'libhtml5', 'libembind')

#: What an object is but for debug information: sections and their contents.
Code = Callable[[bytes], list[tuple[str, bytes]]]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Systems:
    """Two systems with one SDK and one clang."""

    sdk: Sdk
    directory: Path
    wine: Wine
    clangs: Clangs

    def linux(self, *wanted: str) -> dict[str, Any]:
        """What a build says here."""
        ran = Emroot(self.directory / 'linux', self.sdk.root)('build', '--json', *wanted,
            env={'EM_CONFIG': str(self.clangs.linux)})
        assert ran.code == 0, ran.err
        document: dict[str, Any] = ran.json
        return document

    def windows(self, *wanted: str, home: str = 'windows') -> dict[str, Any]:
        """What a build says there; its cache directory by its name here."""
        command = ['-m', 'emroot', '--home', windows(self.directory / home), '--sdk', windows(self.sdk.root), '--quiet']
        ran = self.wine.python(*command, 'build', '--json', *wanted, timeout=3000,
                               env={'EM_CONFIG': windows(self.clangs.windows)})
        assert ran.returncode == 0, ran.stdout
        document: dict[str, Any]
        document, _ = json.JSONDecoder().raw_decode(ran.stdout[ran.stdout.index('{\n'):])
        [cache] = (self.directory / home / 'cache').iterdir()
        return {**document, 'cache': str(cache)}


@pytest.fixture
def systems(sdk: Sdk, tmp_path: Path) -> Systems:
    try:
        return Systems(sdk, tmp_path, ensure_wine(), ensure_clangs())
    except WineUnavailable as error:
        cannot_run(str(error))
        raise


def _members(file: bytes) -> Iterator[tuple[str, bytes]]:
    """Objects of an archive (or the object that a file is), in their order."""
    if file.startswith((MODULE, BITCODE)):
        yield '', file
        return
    at = 8
    while at < len(file):
        header, size = file[at:at + 60], int(file[at + 48:at + 58])
        content = file[at + 60:at + 60 + size]
        if content.startswith((MODULE, BITCODE)):
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


def _sections(module: bytes) -> list[tuple[str, bytes]]:
    """The sections of an object, by number or name, without those of debug information."""
    at, found = 8, []
    while at < len(module):
        size, start = _number(module, at + 1)
        content, name = module[start:start + size], str(module[at])
        if name == '0':
            length, begins = _number(content, 0)
            name = content[begins:begins + length].decode()
        found.append((name, content))
        at = start + size
    return [(name, re.sub(rb'/emsdk/emscripten/[\w./+\\-]+', _forward_slashes, content)) for name, content in found
            if not name.startswith(('.debug', 'reloc..debug'))]


def _forward_slashes(path: re.Match[bytes]) -> bytes:
    return path[0].replace(b'\\', b'/')


@pytest.fixture
def code(systems: Systems) -> Code:
    """What is compared of an object; of bitcode what Linux's clang makes of it."""
    def read(module: bytes) -> list[tuple[str, bytes]]:
        if module.startswith(BITCODE):
            source, out = systems.directory / 'one.bc', systems.directory / 'one.o'
            source.write_bytes(module)
            clang = systems.clangs.linux.parent / 'linux-llvm/clang'
            subprocess.run([clang, '--target=wasm64-unknown-emscripten', '-x', 'ir', '-O1', '-c', source, '-o', out], check=True)
            module = out.read_bytes()
        return _sections(module)
    return read


@pytest.mark.parametrize('features', ['wasm64', 'wasm64,thinlto'])
def test_windows_makes_the_code_that_linux_makes(systems: Systems, code: Code, features: str):
    wanted = ('--features', features, '--targets', ','.join(TARGETS))
    here, there = systems.linux(*wanted), systems.windows(*wanted)
    assert there['objects']['compiled'] == here['objects']['compiled'] > 8
    mine, others = archives(Path(here['cache'])), archives(Path(there['cache']))
    assert sorted(mine) == sorted(others) and len(mine) == len(TARGETS)
    for path in mine:
        ours, theirs = ([*_members(Path(cache, path).read_bytes())] for cache in (here['cache'], there['cache']))
        assert [name for name, _ in ours] == [name for name, _ in theirs] != []
        for (name, one), (_, other) in zip(ours, theirs, strict=True):
            mine_, others_ = code(one), code(other)
            assert [name for name, _ in mine_] == [name for name, _ in others_] and len(mine_) > 2
            assert [part for part, content in mine_ if content != dict(others_)[part]] == [], f'{path}: {name}'


def test_windows_makes_what_embuilder_makes_there(systems: Systems):
    wanted = ('--features', 'wasm64', '--targets', 'crt1,libnoexit,libhtml5')
    ours = archives(Path(systems.windows(*wanted)['cache']))
    theirs = archives(Path(systems.windows(*wanted, '--builder', 'embuilder', home='embuilder')['cache']))
    assert ours == theirs and len(ours) == 3
