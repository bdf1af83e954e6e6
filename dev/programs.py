"""Programs to test with that this machine may lack, from its own Debian's packages: unpacked, not installed.

They run from where they are unpacked: with their libraries by LD_LIBRARY_PATH, above the C library of the machine, which
is of the same release.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emroot.errors import SdkError
from emroot.files import remove_tree
from emroot.sdk.providers.apt import Apt, machine_sources, missing_tools
from emroot.sdk.providers.debs import get_debs, unpack_debs
from emroot.sdk.providers.packages import Index

from .places import dev_cache, say

#: What the machine has, or what only draws on real screens.
_LEFT_OUT = re.compile(r'libc6|libc-bin|libgcc-s1|libstdc\+\+6|libcrypt1|libllvm.*|libgl1-mesa-dri|libz3-.*|mesa-.*|libglx-mesa0|'
                       r'dpkg|sensible-utils|debianutils|passwd|adduser|init-system-helpers|lsb-base|x11-common|bc|gawk|mawk|man-db')


class Unavailable(Exception):
    """A program cannot be had here, and why."""


@dataclass(frozen=True)
class Unpacked:
    """A directory of unpacked packages."""

    root: Path

    @property
    def libraries(self) -> list[Path]:
        """The directories of shared libraries, with those that some packages keep for themselves (`pulseaudio`)."""
        found = {file.parent for pattern in ('usr/lib/*-linux-*', 'lib/*-linux-*') for top in self.root.glob(pattern)
                 for file in [*top.glob('lib*.so*'), *top.glob('*/lib*.so*')]}
        return sorted(found, key=lambda directory: (len(directory.parts), directory))

    def environment(self) -> dict[str, str]:
        """What a program of it needs to find its libraries."""
        return {'LD_LIBRARY_PATH': os.pathsep.join(map(str, self.libraries))}


def unpacked(*names: str) -> Unpacked:
    """These packages and what they need, below the cache of development; got there the first time.

    Raises `Unavailable` if this machine is no Debian or its package source cannot be reached.
    """
    release = _release()
    dest = dev_cache() / 'programs' / f'{release}-{"-".join(names)}'
    if dest.is_dir():
        return Unpacked(dest)
    if missing := missing_tools():
        raise Unavailable(f'no {names[0]} here, and no {", ".join(missing)} to get it with')
    sources = machine_sources()
    if not sources:
        raise Unavailable(f'no {names[0]} here, and no Debian archive among the package sources of this machine')
    dest.parent.mkdir(parents=True, exist_ok=True)
    with _scratch(dest.parent) as work:
        try:
            apt = Apt(work / 'apt', sources[0], release)
            apt.update()
            index = Index(apt.index())
            packages = {p.name: p for name in names for p in index.closure(name) if not _LEFT_OUT.fullmatch(p.name)}
            say(f'getting {", ".join(names)} from Debian {release} ({sum(p.size for p in packages.values()) >> 20} MB)')
            (work / 'tree').mkdir()
            debs = get_debs(apt, list(packages.values()), work / 'debs', work / 'shelf', lambda *_: None)
            unpack_debs(debs, work / 'tree', lambda *_: None)
        except SdkError as error:
            raise Unavailable(f'{names[0]} cannot be had: {error.message}') from error
        with contextlib.suppress(OSError):  # another process was first
            os.rename(work / 'tree', dest)
    return Unpacked(dest)


def on_path(*names: str) -> str | None:
    """The first of these programs that the machine has."""
    return next((found for name in names if (found := shutil.which(name))), None)


def _release() -> str:
    try:
        text = Path('/etc/os-release').read_text(encoding='utf-8')
    except OSError:
        text = ''
    said = dict(line.split('=', 1) for line in text.splitlines() if '=' in line)
    if said.get('ID', '').strip('"') != 'debian':
        raise Unavailable('this machine is not Debian, whose packages the tests use')
    return said['VERSION_CODENAME'].strip('"')


@contextlib.contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    work = Path(tempfile.mkdtemp(prefix='.getting-', dir=beside))
    try:
        yield work
    finally:
        remove_tree(work)
