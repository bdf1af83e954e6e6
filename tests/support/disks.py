"""Real disks to fill and to write-protect, in memory."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.running import cannot_run


@contextlib.contextmanager
def disk(directory: Path, size: str) -> Iterator[Path]:
    """A file system of `size` bytes (`1m`) at `location`, for as long as the block runs. Needs root."""
    if not sys.platform.startswith('linux') or os.geteuid() != 0:
        cannot_run('making a small disk needs Linux and root')
    directory.mkdir(parents=True, exist_ok=True)
    made = _mount('-t', 'tmpfs', '-o', f'size={size}', 'none', str(directory))
    if made.returncode != 0:
        cannot_run(f'making a small disk is not allowed here: {made.stderr.strip()}')
    try:
        yield directory
    finally:
        subprocess.run(['umount', '--lazy', str(directory)], check=True)


def resize(directory: Path, size: str) -> None:
    """Give a disk another size, keeping what is on it."""
    assert _mount('-o', f'remount,size={size}', str(directory)).returncode == 0


def protect(directory: Path) -> None:
    """Make a disk read-only."""
    assert _mount('-o', 'remount,ro', str(directory)).returncode == 0


def unprotect(directory: Path) -> None:
    """Make a disk writable again."""
    assert _mount('-o', 'remount,rw', str(directory)).returncode == 0


def _mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(['mount', *arguments], capture_output=True, text=True, check=False)
