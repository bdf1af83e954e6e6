"""Real servers and compiler launchers to test with, unpacked from Debian's next release and kept in the development cache.

Nothing is installed: each program is started by the dynamic loader that came with it, with the libraries that came with it.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .bazel.packages import Request, unpack
from .bazel.unavailable import BazelUnavailable
from .places import dev_cache, say

REQUEST = Request(
    suite='forky',
    wanted=('base-files', 'nginx', 'ccache', 'buildbox'),
    optional=(),
    # What their packages want besides libraries: programs that set a system up, and a compiler that is not needed.
    pretended=('perl-base', 'debconf', 'gcc', 'cpp', 'g++', 'libc-dev', 'iproute2', 'clang', 'mount', 'init-system-helpers',
               'sysvinit-utils', 'libudev1', 'libsystemd0', 'dpkg', 'passwd', 'adduser', 'openssl', 'ca-certificates', 'fuse3'),
    what='nginx, ccache, buildbox and their libraries (about 40 MB)',
)


class ToolsUnavailable(RuntimeError):
    """They cannot be had on this machine; the message says why."""


@dataclass(frozen=True)
class Tools:
    """The tree of them."""

    root: Path

    def command(self, name: str, *arguments: object) -> list[str]:
        """What to start for a program."""
        usr = self.root / 'usr'
        program = next(usr / folder / name for folder in ('bin', 'sbin') if (usr / folder / name).is_file())
        loader = next((usr / 'lib64').glob('ld-linux*.so.*'))
        libraries = ':'.join(map(str, sorted((usr / 'lib').glob('*-linux-gnu'))))
        return [str(loader.resolve()), '--library-path', libraries, str(program), *map(str, arguments)]


def ensure_tools() -> Tools:
    """The tools, made if they are not there. Raises `ToolsUnavailable`."""
    top = dev_cache()
    top.mkdir(parents=True, exist_ok=True)
    place = top / f'tools-{REQUEST.suite}-{hashlib.sha256(repr(REQUEST).encode()).hexdigest()[:12]}'
    with open(top / 'tools.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            with tempfile.TemporaryDirectory(dir=top, prefix='tools-') as scratch:
                (Path(scratch) / 'root').mkdir()
                (Path(scratch) / 'apt').mkdir()
                try:
                    unpack(REQUEST, Path(scratch) / 'root', Path(scratch) / 'apt', say)
                except BazelUnavailable as why:
                    raise ToolsUnavailable(f'{why.missing}; {why.remedy}') from why
                shutil.move(Path(scratch) / 'root', place)
    return Tools(place)
