"""Runs as the first process of a container: makes the tree its root, then holds the container open.

A program of its own (`unshare ... python enter.py SPEC`), standard library and Linux only. It prints its process id as
the machine sees it once the container stands, and leaves when its standard input ends: then the kernel kills all others
inside, a Bazel server included. That happens too when whoever opened the container dies, so nothing lingers.

`pivot_root` rather than `chroot`: inside a chroot the kernel refuses the user namespaces of Bazel's linux-sandbox.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import TypedDict

# <sys/mount.h>, <net/if.h>, <bits/ioctls.h>
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = (
    32,
    1024,
    2048,
    4096,
    16384,
    1 << 18,
    1 << 21,
)
MNT_DETACH = 2
IFF_UP, SIOCGIFFLAGS, SIOCSIFFLAGS = 1, 0x8913, 0x8914
# What a mount inside a user namespace must keep when it is remounted: as statvfs tells it -> as mount takes it.
KEPT = {flag: flag for flag in (MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME)} | {4096: MS_RELATIME}

# These of the tree are shared, read-only; all other directories are new and empty in each container.
SHARED = ('etc', 'usr')
FRESH = ('dev', 'home', 'opt', 'proc', 'root', 'run', 'sys', 'tmp', 'var/tmp')
FOR_ALL = 0o1777
RESOLVER = 'etc/resolv.conf'
# Exit code for a bind that no machine could grant; any other failure means that this one does not grant mounts.
BAD_BIND = 3


class Spec(TypedDict):
    """`binds`: (path outside, path inside, writable), parents before children."""

    root: str
    mount_point: str
    binds: list[tuple[str, str, bool]]
    network: bool


_libc = ctypes.CDLL(None, use_errno=True)


def _mount(source: str, target: Path, kind: str, flags: int, data: str = '') -> None:
    done = _libc.mount(source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode())
    if done != 0:
        raise OSError(
            ctypes.get_errno(), f'mount {source} ({kind or "bind"}): {os.strerror(ctypes.get_errno())}', str(target)
        )


def _bind(source: Path, target: Path, *, writable: bool) -> None:
    _mount(str(source), target, '', MS_BIND | MS_REC)
    if not writable:
        now = os.statvfs(target).f_flag
        kept = sum(flag for seen, flag in KEPT.items() if now & seen)
        _mount('none', target, '', MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def _place(source: Path, target: Path) -> None:
    """Makes what a bind mount goes onto: a directory, or a file for a file."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()


def _furnish(tree: Path, root: Path, network: bool) -> None:
    """The container's own part of the file system, and the tree's part of it."""
    for entry in tree.iterdir():
        if entry.is_symlink():
            (root / entry.name).symlink_to(entry.readlink())
    for name in FRESH:
        (root / name).mkdir(parents=True)
        if name.endswith('tmp'):
            (root / name).chmod(FOR_ALL)
    for name in SHARED:
        (root / name).mkdir()
        _bind(tree / name, root / name, writable=False)
    _mount('proc', root / 'proc', 'proc', MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in ('dev', 'sys'):
        _bind(Path('/') / name, root / name, writable=True)
    if network and (Path('/') / RESOLVER).exists():
        _bind(Path('/') / RESOLVER, root / RESOLVER, writable=False)


def _raise_loopback() -> None:
    """A new network namespace has a loopback that is down; Bazel's client talks to its server over it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        (flags,) = struct.unpack('16xH14x', fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack('16sH14x', b'lo', 0)))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack('16sH14x', b'lo', flags | IFF_UP))


def _become_root(root: Path) -> None:
    os.chdir(root)
    # "." twice stacks the old root on the new one, so that it needs no directory; detaching takes the upper one.
    if _libc.pivot_root(b'.', b'.') != 0:
        raise OSError(ctypes.get_errno(), f'pivot_root: {os.strerror(ctypes.get_errno())}', str(root))
    if _libc.umount2(b'.', MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), f'umount the old root: {os.strerror(ctypes.get_errno())}', str(root))
    os.chdir('/')


def _hold() -> None:
    """Waits for the end of standard input. Orphans become ours: with SIGCHLD ignored, the kernel reaps them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while os.read(0, 4096):
        pass


def main(spec: Spec) -> None:
    process = os.readlink('/proc/self')  # still the machine's /proc: our number there, not 1
    if not spec['network']:
        _raise_loopback()
    root = Path(spec['mount_point'])
    _mount('none', Path('/'), '', MS_REC | MS_PRIVATE)
    _mount('tmpfs', root, 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=755')
    _furnish(Path(spec['root']), root, spec['network'])
    for outside, inside, writable in spec['binds']:
        target = root / inside.lstrip('/')
        try:
            _place(Path(outside), target)
        except OSError as error:  # below what the tree keeps read-only, or a file where a directory has to be
            print(f'{outside} cannot be bound to {inside}: {error.strerror}', file=sys.stderr)
            sys.exit(BAD_BIND)
        _bind(Path(outside), target, writable=writable)
    _become_root(root)
    print(process, flush=True)
    _hold()


if __name__ == '__main__':
    # Ctrl-C reaches every process of the terminal; the container ends when its owner says so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        try:
            main(json.loads(sys.argv[1]))
        except OSError as error:
            sys.exit(f'{error.strerror} ({error.filename})' if error.filename else str(error))
