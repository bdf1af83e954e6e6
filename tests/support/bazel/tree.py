"""A private Debian tree with a real Bazel in it, made once and kept in a cache directory outside the clone.

Debian's next release packages Bazel and the rule sets it needs as files that work offline. Unpacked, not installed,
they leave the machine as it is; in a container of its own (`container.py`) that Bazel has its real `linux-sandbox`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.paths import dev_cache
from emroot.store import try_lock

from .container import Binds, Container, check_namespaces
from .packages import PackageRequest, unpack
from .registry import WRITTEN, write_registry

__all__ = ['Tree', 'ensure_tree']

# What every Debian system has and a build's scripts may call: no package lists it as something it depends on.
BASE = (
    'base-files base-passwd bash coreutils dash debianutils diffutils findutils grep gzip '
    'hostname libc-bin mawk procps sed tar util-linux zip'
)
REQUEST = PackageRequest(
    suite='forky',
    wanted=('bazel-bootstrap', 'cmake', 'default-jre-headless', *BASE.split()),
    optional=('buildbox',),  # workers for tests of remote execution
    # Bazel runs on Java's runtime; the compiler and its modules would be 350 MB more.
    pretended=('default-jdk-headless',),
)
# Debian's maintainer scripts would have chosen these.
ALTERNATIVES = {
    'usr/bin/awk': 'mawk',
    'usr/bin/c++': 'g++',
    'usr/bin/cc': 'gcc',
    'usr/bin/java': '../lib/jvm/default-java/bin/java',
    'usr/bin/which': 'which.debianutils',
}
ETC = {
    'hosts': '127.0.0.1 localhost\n::1 localhost\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    'resolv.conf': '',  # the machine's own is put over it
}
# Goes up when `_build` makes another tree of the same parts, so that one of another make is not mistaken for ours.
LAYOUT = 2


def _say_nothing(_: str) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A complete tree. It is never written to again: any number of containers may use it."""

    home: Path
    versions: Mapping[str, str]
    """Debian package name -> version, of everything in it."""

    @property
    def root(self) -> Path:
        return self.home / 'root'

    @property
    def bazel_version(self) -> str:
        return (self.root / 'usr/share/bazel/build-label.txt').read_text().strip()

    def open(self, *, binds: Binds | None = None, writable: Binds | None = None, network: bool = True) -> Container:
        """A container for several commands. `binds` and `writable` map paths outside to paths inside."""
        return Container.open(self.root, self.home / 'mount', binds=binds, writable=writable, network=network)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str = '/',
        env: Mapping[str, str] | None = None,
        binds: Binds | None = None,
        writable: Binds | None = None,
        network: bool = True,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs one command in a container of its own; see `Container.run`."""
        with self.open(binds=binds, writable=writable, network=network) as container:
            return container.run(argv, cwd=cwd, env=env, timeout=timeout)


def ensure_tree(say: Callable[[str], None] = _say_nothing) -> Tree:
    """The tree, made first if need be (about a minute and 300 MB of downloads). `say` gets a line per step.

    Raises `BazelUnavailable`. A tree appears under its name complete or not at all; what a killed run left is removed.
    """
    check_namespaces()
    home = dev_cache() / f'bazel-{REQUEST.suite}-{_recipe()}'
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with try_lock(home.with_name('bazel.lock'), seconds=900):
            if not home.exists():  # another process may have made it while this one waited
                _build(home, say)
    return Tree(home=home, versions=json.loads((home / 'tree.json').read_text())['packages'])


def _build(home: Path, say: Callable[[str], None]) -> None:
    started = time.monotonic()
    for left in home.parent.glob(f'{home.name}.*.partial'):
        say(f'removing {left}, left half-built')
        shutil.rmtree(left, ignore_errors=True)
    # A new name each time: an apt that outlived a killed run may still write to the old one.
    aside = Path(tempfile.mkdtemp(dir=home.parent, prefix=f'{home.name}.', suffix='.partial'))
    aside.chmod(0o755)
    try:
        _fill(aside, say)
        aside.rename(home)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    say(f'Bazel is ready in {home} ({time.monotonic() - started:.0f} s)')


def _fill(aside: Path, say: Callable[[str], None]) -> None:
    root, scratch = aside / 'root', aside / 'apt'
    for directory in (root, scratch, aside / 'mount'):
        directory.mkdir()
    versions = unpack(REQUEST, root, scratch, say)
    _configure(root)
    record = {'packages': versions, 'stand-ins': write_registry(root)}
    (aside / 'tree.json').write_text(json.dumps(record, indent=1, sort_keys=True) + '\n')
    shutil.rmtree(scratch)


def _configure(root: Path) -> None:
    """What the packages' maintainer scripts would have written and a build reads."""
    for link, target in ALTERNATIVES.items():
        if not os.path.lexists(root / link):
            (root / link).symlink_to(target)
    for name in ('passwd', 'group'):
        shutil.copyfile(root / f'usr/share/base-passwd/{name}.master', root / 'etc' / name)
    for name, text in ETC.items():
        (root / 'etc' / name).write_text(text)


def _recipe() -> str:
    """Names a tree by what goes into it; not by package versions, which move without being asked."""
    parts = [repr(REQUEST), repr(ALTERNATIVES), repr(ETC), WRITTEN, str(LAYOUT), platform.machine()]
    return hashlib.sha256('\n'.join(parts).encode()).hexdigest()[:12]
