"""Building one project one way, and what came of it."""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support.downloads.sources import copy_source

from emroot.hashing import digest_bytes, digest_file
from emroot.host.files import remove_tree
from emroot.sdk import Sdk

from .project import Project

#: What a build makes that is compared, by its end.
MADE = ('.wasm', '.js', '.mjs', '.a')
_HEEDED = ('EM', '_EM', 'CC', 'CXX', 'CFLAGS', 'CXXFLAGS', 'LDFLAGS', 'CPPFLAGS')


@dataclass
class Built:
    """What came of it."""

    failed: str = ''
    """The command that failed, and what it said last; empty if none did."""
    seconds: float = 0.0
    """Of processor, of all commands."""
    files: dict[str, str] = field(default_factory=dict)
    """What was made, by path: digests; and what programs said, by command."""


class Way:
    """Plain emcc, or emroot, from nothing: `cache` is its cache directory and `home` emroot's home."""

    def __init__(self, name: str, sdk: Sdk, directory: Path) -> None:
        self.name, self._sdk, self._place = name, sdk, directory
        remove_tree(directory)
        directory.mkdir(parents=True)
        (directory / 'config').write_text(f'{sdk.config_text}CACHE = {str(directory / "cache")!r}\n', encoding='utf-8')

    @property
    def prefix(self) -> list[str]:
        """What commands are started through."""
        if self.name == 'plain':
            return []
        return [sys.executable, '-m', 'emroot', '--sdk', str(self._sdk.root), '--home', str(self._place / 'home'), 'run',
                '--cache', str(self._place / 'cache'), '--']

    def environment(self) -> dict[str, str]:
        """The environment of a machine that has this SDK, its Node and nothing else of the kind."""
        path = os.pathsep.join([str(self._sdk.root), str(Path(self._sdk.node[0]).parent), os.environ['PATH']])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_HEEDED)}
        return {**kept, 'PATH': path, 'EM_CONFIG': str(self._place / 'config'),
                'PYTHONDONTWRITEBYTECODE': ''}  # as installed: no module is compiled in each process


def build(project: Project, mode: str, way: Way, sdk: Sdk, work: Path) -> Built:
    """Build and test a fresh copy of a project in `work`, which is the same directory for each way."""
    remove_tree(work)
    copy_source(project.name, work)
    node = sdk.node[0]
    project.write_files(work, mode, node)
    before, built = _used(), Built()
    for command in project.commands(mode, node):
        prefix = [] if command[0] == node else way.prefix
        done = subprocess.run([*prefix, *command], cwd=work, env=way.environment(), stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
        if done.returncode:
            built.failed = f'{command[0]} ended with {done.returncode}: {done.stdout[-2000:]}'
            break
        if command[0] == node:
            built.files[shlex.join(command)] = digest_bytes(done.stdout.encode())
    built.seconds = _used() - before
    built.files |= made(work)
    return built


def made(work: Path) -> dict[str, str]:
    """Digests of programs and libraries below a directory."""
    return {path.relative_to(work).as_posix(): digest_file(path) for path in sorted(work.rglob('*'))
            if path.suffix in MADE and path.is_file() and not path.is_symlink()}


def differing(one: Built, other: Built) -> list[str]:
    """Files that one way made and the other did not, or otherwise."""
    return sorted(name for name in one.files.keys() | other.files.keys() if one.files.get(name) != other.files.get(name))


def worse(own: Built, peer: Built) -> list[str]:
    """What is not as with plain emcc."""
    if own.failed:
        return [] if peer.failed else [own.failed]
    different = differing(own, peer)
    return [f'other bytes than with plain emcc: {", ".join(different[:5])}'] if different else []


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
