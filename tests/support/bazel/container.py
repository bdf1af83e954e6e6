"""Runs commands with a tree as their root, in mount, process and network namespaces of their own.

Made of `unshare`, `enter.py` (the first process inside) and `nsenter` (one per command). Works as root, and as any
user where the kernel grants unprivileged user namespaces.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from .enter import BAD_BIND, Spec
from .unavailable import BazelUnavailable

__all__ = ['Binds', 'Container', 'check_namespaces']

# Outside path -> inside path. A file or a directory; what lies above it inside is made.
Binds = Mapping[Path, 'Path | str']

ENTER = Path(__file__).with_name('enter.py')
REMEDY = 'run as root with the right to mount (in Docker: --privileged), or allow unprivileged user namespaces'
# All that a command inside inherits; nothing comes from the caller's environment.
ENVIRONMENT = {
    'PATH': '/usr/bin:/bin:/usr/sbin:/sbin',
    'HOME': '/root',
    'USER': 'root',
    'LANG': 'C.UTF-8',
    'TERM': 'dumb',
}


@dataclass(kw_only=True)
class Container:
    """An open container; leaving its `with` block kills whatever still runs inside."""

    holder: subprocess.Popen[str]
    first: int
    """Process number of the first process inside, as the machine sees it."""

    @classmethod
    def open(
        cls,
        root: Path,
        mount_point: Path,
        *,
        binds: Binds | None = None,
        writable: Binds | None = None,
        network: bool = True,
    ) -> Container:
        """`binds` are read-only inside, `writable` are not. Without `network` there is a loopback and nothing else.

        Raises `BazelUnavailable`, and `ValueError` for a bind below the tree's own read-only directories.
        """
        mounts = [(outside.resolve(strict=True), str(inside), False) for outside, inside in (binds or {}).items()]
        mounts += [(outside.resolve(strict=True), str(inside), True) for outside, inside in (writable or {}).items()]
        mounts.sort(key=lambda mount: len(Path(mount[1]).parts))
        spec: Spec = {
            'root': str(root),
            'mount_point': str(mount_point),
            'binds': [(str(outside), inside, may_write) for outside, inside, may_write in mounts],
            'network': network,
        }
        holder = subprocess.Popen(
            [*_unshare(network), sys.executable, '-I', '-S', str(ENTER), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first = cast('IO[str]', holder.stdout).readline().strip()
        if not first:
            _, errors = holder.communicate()
            if holder.returncode == BAD_BIND:
                raise ValueError(errors.strip())
            raise BazelUnavailable(f'a container cannot be opened: {errors.strip()}', REMEDY)
        return cls(holder=holder, first=int(first))

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str = '/',
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs `argv` inside and gives its exit code and outputs as text. `env` comes on top of a plain environment.

        A timeout closes the container, because what it started cannot be told from what it should leave.
        """
        command = self.from_outside(argv, cwd)
        try:
            return subprocess.run(
                command,
                env={**ENVIRONMENT, **(env or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding='utf-8',
                errors='replace',
                timeout=timeout,
                check=False,
            )
        except BaseException:  # a timeout or Ctrl-C: the command has only lost its parent, it still runs
            self.close()
            raise

    def start(
        self, argv: Sequence[str], *, output: IO[bytes], cwd: Path | str = '/', env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Starts `argv` inside and does not wait; it ends with the container."""
        return subprocess.Popen(
            self.from_outside(argv, cwd),
            env={**ENVIRONMENT, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )

    def from_outside(self, argv: Sequence[str], cwd: Path | str = '/') -> list[str]:
        """What to start, with `ENVIRONMENT`, to have `argv` run inside."""
        return [*_nsenter(self.first), f'--wdns={cwd}', '--', *argv]

    def close(self) -> None:
        """Ends the first process, and with it every other one inside."""
        if self.holder.stdin is not None:
            self.holder.stdin.close()
        try:
            self.holder.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.holder.kill()  # `unshare --kill-child` takes the first process along
            self.holder.wait()
        for stream in (self.holder.stdout, self.holder.stderr):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Container:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_namespaces() -> None:
    """Raises `BazelUnavailable` where a container cannot be had. Takes some 10 ms: worth asking before a download."""
    for tool in ('unshare', 'nsenter'):
        if shutil.which(tool) is None:
            raise BazelUnavailable(f'`{tool}` is not installed', 'install util-linux')
    probe = subprocess.run(
        [*_unshare(network=False), 'true'], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if probe.returncode != 0:
        raise BazelUnavailable(f'the kernel refuses new namespaces: {probe.stderr.strip()}', REMEDY)


def _unshare(network: bool) -> list[str]:
    user = [] if os.geteuid() == 0 else ['--user', '--map-root-user']
    net = [] if network else ['--net']
    return ['unshare', *user, '--mount', '--pid', '--ipc', '--uts', *net, '--fork', '--kill-child', '--']


def _nsenter(process: int) -> list[str]:
    user = [] if os.geteuid() == 0 else ['--user', '--preserve-credentials']
    return ['nsenter', f'--target={process}', *user, '--mount', '--pid', '--ipc', '--uts', '--net']
