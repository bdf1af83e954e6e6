"""Files that are never half written: everything appears under its name at once, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

READ_ONLY = 0o444
#: Whether files can be asked about by their name in an open directory.
BY_DESCRIPTOR = os.stat in os.supports_dir_fd and os.scandir in os.supports_fd
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES, getattr(errno, 'ENOSYS', 38)}


def user_cache_dir() -> Path:
    """The platform's directory for a user's caches, `emroot` appended."""
    if sys.platform == 'win32':
        base = os.environ.get('LOCALAPPDATA') or os.path.expanduser('~\\AppData\\Local')
        return Path(base, 'emroot', 'Cache')
    if sys.platform == 'darwin':
        return Path(os.path.expanduser('~/Library/Caches'), 'emroot')
    return Path(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'emroot')


def temporary_name(path: Path) -> Path:
    """A name beside `path` that nobody else uses: renaming it over `path` stays on one file system."""
    return path.with_name(f'.{path.name[:80]}.{os.getpid()}.{os.urandom(4).hex()}.tmp')


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name to write to; renamed over `path` when the block ends well, removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    try:
        yield temporary
        replace(temporary, path)
    finally:
        remove(temporary)  # also after success: renaming a hard link over another of the same file does nothing


def replace(source: Path, target: Path) -> None:
    """Rename over an existing file. On Windows a read-only or open target is first made to yield."""
    try:
        os.replace(source, target)
    except PermissionError:
        if os.name != 'nt' or not target.exists():
            raise
        os.chmod(target, 0o644)
        try:
            os.replace(source, target)
        except PermissionError:  # somebody has it open: move it aside, Windows allows that for shared files
            aside = temporary_name(target)
            os.rename(target, aside)
            os.replace(source, target)
            remove(aside)


def write_bytes(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a whole file at once."""
    with replacing(path) as temporary:
        with open(temporary, 'wb') as f:
            f.write(data)
        if mode is not None:
            os.chmod(temporary, mode)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 file at once, line ends as they are."""
    write_bytes(path, text.encode())


def remove(path: Path) -> None:
    """Delete a file if it is there; what cannot be deleted now (open on Windows) is left to `gc`."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def stat_files(directory: str, names: Iterable[str], *, follow_symlinks: bool = True) -> list[os.stat_result]:
    """What the operating system says of the files `names` of a directory, in a third less time than by their paths:
    the kernel is spared the way from the root to each."""
    if not BY_DESCRIPTOR:
        return [os.stat(os.path.join(directory, name), follow_symlinks=follow_symlinks) for name in names]
    at = os.open(directory, os.O_RDONLY)
    try:
        return [os.stat(name, dir_fd=at, follow_symlinks=follow_symlinks) for name in names]
    finally:
        os.close(at)


def place(source: Path, target: Path, *, hard_link: bool = True) -> None:
    """Make `target` hold what `source` holds, at once: a hard link where possible, a copy otherwise."""
    with replacing(target) as temporary:
        link_or_copy(source, temporary, hard_link=hard_link)
        if not os.path.lexists(temporary):
            raise FileNotFoundError(errno.ENOENT, 'vanished while it was placed', str(temporary))


def link_or_copy(source: Path | str, target: Path | str, *, hard_link: bool = True) -> None:
    """A hard link of `source` at `target`, or a copy where links are not to be had (`target` must not exist)."""
    if hard_link and os.name != 'nt':
        try:
            os.link(source, target)
            return
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
    import shutil  # here and not above: what finds everything in place needs neither
    shutil.copyfile(source, target)


def remove_tree(path: Path) -> None:
    """Delete a directory and all below it, read-only files included; absence is no error."""
    def make_writable(function: object, name: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(name), 0o755)
            os.chmod(name, 0o755)
            os.unlink(name) if not os.path.isdir(name) else os.rmdir(name)
    if path.is_dir() and not path.is_symlink():
        import shutil
        shutil.rmtree(path, onerror=make_writable)
    else:
        remove(path)
