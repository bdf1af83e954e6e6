"""Programs to test with that this machine may lack, from Debian's packages: unpacked, not installed.

They run from where they are unpacked. Those of the machine's own release find their libraries by LD_LIBRARY_PATH, above the C
library of the machine; those of another release bring theirs, and are started by its dynamic loader.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.paths import dev_cache, say
from emroot.errors import SdkError
from emroot.host.files import remove_tree
from emroot.sdk.providers.apt import Apt, machine_sources, missing_tools
from emroot.sdk.providers.apt_index import Package, PackageIndex
from emroot.sdk.providers.deb_packages import get_debs, unpack_debs

#: What packages want besides libraries: programs that set a system up, interpreters of their scripts.
_SETTING_UP = (r'dpkg.*|debconf.*|sensible-utils|debianutils|passwd|adduser|init-system-helpers|lsb-base|man-db|perl.*|python3.*|'
               r'openssl|ca-certificates|libc-bin|libc-dev|libc6-dev|libc-gconv-modules-extra|gcc-\d+-base|lib.*-\d+-dev|'
               r'iproute2|mount|fuse3|sysvinit-utils|systemd.*')
#: What the machine has, or what only draws on real screens.
_HAD = re.compile(_SETTING_UP + r'|libc6|libgcc-s1|libstdc\+\+6|libcrypt1|libllvm.*|libgl1-mesa-dri|libz3-.*|mesa-.*|'
                  r'libglx-mesa0|x11-common|bc|gawk|mawk')
#: Of another release everything but compilers for this machine, which the machine has.
_OTHERS = re.compile(_SETTING_UP + r'|libudev1|libsystemd0|gcc(-.*)?|g\+\+.*|cpp.*|clang.*|binutils.*|'
                     r'lib(isl|mpc|mpfr|gmp|cc1|ctf|binutils|sframe).*')


class ProgramUnavailable(Exception):
    """A program cannot be had here, and why."""


@dataclass(frozen=True)
class UnpackedPackage:
    """A directory of unpacked packages."""

    root: Path

    @property
    def libraries(self) -> list[Path]:
        """The directories of shared libraries, with those that some packages keep for themselves (`pulseaudio`)."""
        found = {file.parent for pattern in ('usr/lib/*-linux-*', 'lib/*-linux-*') for top in self.root.glob(pattern)
                 for file in [*top.glob('lib*.so*'), *top.glob('*/lib*.so*')]}
        return sorted(found, key=lambda directory: (len(directory.parts), directory))

    def environment(self) -> dict[str, str]:
        """What a program of the machine's own release needs to find its libraries."""
        return {'LD_LIBRARY_PATH': os.pathsep.join(map(str, self.libraries))}

    def command(self, name: str, *arguments: object) -> list[str]:
        """What starts a program of another release."""
        usr = self.root / 'usr'
        program = next(usr / folder / name for folder in ('bin', 'sbin') if (usr / folder / name).is_file())
        loader = next(usr.glob('lib*/ld-linux*.so.*'), None) or next(usr.glob('lib/*-linux-*/ld-linux*.so.*'))
        return [str(loader.resolve()), '--library-path', ':'.join(map(str, self.libraries)), str(program), *map(str, arguments)]


def unpacked(*names: str, suite: str = '') -> UnpackedPackage:
    """These packages and what they need, below the cache of development; got there the first time.

    They are those of the machine's release, or of another `suite`. Raises `ProgramUnavailable` if this machine is no Debian or
    its
    package source cannot be reached.
    """
    label = '-'.join(names)
    if suite:  # what is left out is part of what was got
        label += f'-{hashlib.sha256(_OTHERS.pattern.encode()).hexdigest()[:8]}'
    dest = dev_cache() / 'programs' / f'{suite or _release()}-{label}'
    if dest.is_dir():
        return UnpackedPackage(dest)
    dest.parent.mkdir(parents=True, exist_ok=True)
    with _scratch(dest.parent) as work:
        unpack(names, work / 'tree', suite=suite)
        with contextlib.suppress(OSError):  # another process was first
            os.rename(work / 'tree', dest)
    return UnpackedPackage(dest)


def unpack(names: Sequence[str], tree: Path, *, suite: str = '', alone: bool = False) -> None:
    """Get packages (`alone`: without what they need) and unpack them into `tree`. Raises `ProgramUnavailable`."""
    if missing := missing_tools():
        raise ProgramUnavailable(f'no {names[0]} here, and no {", ".join(missing)} to get it with')
    chosen, failures = suite or _release(), []
    tree.mkdir(parents=True, exist_ok=True)
    for source in machine_sources():
        with _scratch(tree.parent) as work:
            try:
                apt = Apt(work / 'apt', source, chosen)
                apt.update()
                packages = _packages(PackageIndex(apt.index()), names, alone=alone, cut=_OTHERS if suite else _HAD)
                say(f'getting {", ".join(names)} from Debian {chosen} ({sum(p.size for p in packages) >> 20} MB)')
                debs = get_debs(apt, packages, work / 'debs', work / 'shelf', lambda *_: None)
                unpack_debs(debs, tree, lambda *_: None)
                return
            except SdkError as error:
                failures.append(error.message)
    raise ProgramUnavailable(f'{names[0]} cannot be had: {"; ".join(failures) or "no Debian archive in the package sources"}')


def _packages(index: PackageIndex, names: Sequence[str], *, alone: bool, cut: re.Pattern[str]) -> list[Package]:
    if alone:
        return [package for name in names if (package := index.get(name))]
    return list({package.name: package for name in names for package in index.closure(name, cut)}.values())


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
        raise ProgramUnavailable('this machine is not Debian, whose packages the tests use')
    return said['VERSION_CODENAME'].strip('"')


@contextlib.contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    work = Path(tempfile.mkdtemp(prefix='.getting-', dir=beside))
    try:
        yield work
    finally:
        remove_tree(work)
