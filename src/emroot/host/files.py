"""Atomic file operations: a file appears complete under its name, or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import StoreError

READ_ONLY = 0o444
#: Permissions of files, whatever the umask: emcc rewrites its headers.
COPIED = 0o644
#: The minimum size in bytes for which sharing of blocks is worth a system call.
WORTH_SHARING = 1 << 16
#: Seconds for which a touched file counts as in use, with clocks of several machines in mind.
SLACK = 600.0
#: An upper bound for records and cached answers in bytes: the largest have a line per file of a large port.
SMALL = 64 << 20
#: Whether the system supports stat relative to an open directory.
BY_DESCRIPTOR = os.stat in os.supports_dir_fd and os.scandir in os.supports_fd
_BINARY = getattr(os, 'O_BINARY', 0) | getattr(os, 'O_CLOEXEC', 0)
#: Non-blocking, so that a pipe does not block.
_READ, _WRITE = os.O_RDONLY | _BINARY | getattr(os, 'O_NONBLOCK', 0), os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
#: Makes names unique together with the process ID, on several machines, too.
_MINE, _COUNT = os.urandom(4).hex(), itertools.count()
_CANNOT_FLUSH = {errno.EINVAL, errno.ENOTSUP, getattr(errno, 'ENOSYS', 38)}
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES, getattr(errno, 'ENOSYS', 38)}


def user_cache_dir() -> Path | None:
    """The platform's directory for caches of the user, with `emroot` appended; None without a home
    directory."""
    if sys.platform == 'win32':
        named, below, name = os.environ.get('LOCALAPPDATA', ''), '~\\AppData\\Local', ('emroot', 'Cache')
    elif sys.platform == 'darwin':
        named, below, name = '', '~/Library/Caches', ('emroot',)
    else:
        named, below, name = os.environ.get('XDG_CACHE_HOME', ''), '~/.cache', ('emroot',)
    # A relative one is none, neither by the XDG specification nor as a home directory: it would lie in each project anew.
    base = next((path for path in (named, os.path.expanduser(below)) if os.path.isabs(path)), None)
    return Path(base, *name) if base else None


def user_path(given: str | os.PathLike[str], directory: Path | None = None) -> Path:
    """The absolute path for a path of the user, who may use `~`. A relative path is relative to `directory`,
    or the current one. `..` is resolved, unless it leads out of a link.

    Raises `StoreError` if `~` cannot be expanded.
    """
    try:
        path = Path((directory or Path.cwd()) / Path(given).expanduser())
        plain = os.path.abspath(path) if '..' in path.parts else path
        return Path(plain) if plain is path or os.path.realpath(plain) == os.path.realpath(path) else path
    except RuntimeError as error:
        raise StoreError(f'cannot expand the ~ in {os.fspath(given)}: the home directory is unknown',
                         hint='set HOME, or give the path without ~') from error


def temporary_name(path: Path) -> Path:
    """A unique name next to `path`, so that a rename stays on one file system."""
    return path.with_name(_temporary(path.name))


def _temporary(name: str) -> str:
    return f'.{name[:80]}.{os.getpid()}.{_MINE}{next(_COUNT):x}.tmp'


@contextlib.contextmanager
def atomic_write(path: Path, aside: Path | None = None) -> Iterator[Path]:
    """Yield a temporary name; rename it over `path` at the end of the block, remove it after an error.

    It is next to `path`, or in `aside`: a directory on the same disk whose owner removes leftovers of killed
    processes.
    """
    if not os.path.isdir(path.parent):
        make_directories(path.parent)
    temporary = temporary_name(aside / path.name if aside else path)
    try:
        yield temporary
        _move(temporary, path, aside)
    finally:
        remove(temporary)  # also after success: renaming a hard link over another of the same file does nothing


def _move(temporary: Path | str, path: Path | str, aside: Path | None) -> None:
    try:
        replace(temporary, path)
    except OSError as error:
        if not aside or error.errno != errno.EXDEV:
            raise
        install_file(Path(temporary), Path(path), linked=False)  # a directory on the way is of another disk
        remove(temporary)


def replace(source: Path | str, target: Path | str) -> None:
    """Rename over an existing file. On Windows, read-only or open targets are handled first."""
    try:
        os.replace(source, target)
    except PermissionError:
        if os.name != 'nt' or not os.path.exists(target):
            raise
        os.chmod(target, 0o644)
        for pause in (0.0, 0.01, 0.02, 0.05, 0.1, 0.2):  # whoever has it open mostly just reads it
            time.sleep(pause)
            with contextlib.suppress(PermissionError):
                os.replace(source, target)
                break
        else:  # move it aside, Windows allows that for shared files
            aside = temporary_name(Path(target))
            os.rename(target, aside)
            os.replace(source, target)
            remove(aside)


def make_directories(path: Path | str) -> None:
    """Create a directory and its parents, not writable by others, whatever the umask."""
    try:
        os.mkdir(path, 0o755)
    except FileNotFoundError:
        above = os.path.dirname(path)
        if above in ('', os.fspath(path)):
            raise
        make_directories(above)
        make_directories(path)
    except OSError:
        if not os.path.isdir(path):
            raise


def write_bytes(path: Path | str, data: bytes, *, aside: Path | None = None, durable: bool = False) -> None:
    """Write a file atomically (see `replacing` for `aside`), in few system calls: thousands of records are
    written like this. `durable`: flush it to the disk first."""
    folder, name = os.path.split(path)
    if folder and not aside and not os.path.isdir(folder):
        make_directories(folder)
    temporary = os.path.join(aside or folder, _temporary(name))
    try:
        descriptor = os.open(temporary, _WRITE, COPIED)
        try:
            while data := data[os.write(descriptor, data):]:
                pass
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            _move(temporary, path, aside)
        except FileNotFoundError:
            make_directories(folder or os.curdir)
            _move(temporary, path, aside)
    except BaseException:
        remove(temporary)
        raise


def flush(path: Path | str) -> None:
    """Wait until the content of a file is on the disk. Raises `OSError` on a write error; some file
    systems do not support it, which is ignored."""
    descriptor = os.open(path, (os.O_RDWR if os.name == 'nt' else os.O_RDONLY) | _BINARY)  # Windows flushes what may be written
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH:
            raise
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str, *, aside: Path | None = None, durable: bool = False) -> None:
    """Write a UTF-8 file atomically, with unchanged line ends and undecodable bytes of paths (see
    `write_bytes`)."""
    write_bytes(path, text.encode(errors='surrogateescape'), aside=aside, durable=durable)


def as_python(value: object) -> str:
    """Python source for strings, and lists and dicts of them, that means the same files in any locale."""
    if isinstance(value, dict):
        return f'{{{", ".join(f"{as_python(key)}: {as_python(item)}" for key, item in value.items())}}}'
    if isinstance(value, list):
        return f'[{", ".join(map(as_python, value))}]'
    said = repr(value)
    return said if said.isascii() else f'__import__("os").fsdecode({os.fsencode(str(value))!r})'


def read_file(path: Path | str) -> bytes | None:
    """A small file's content. None if it is absent, not readable, larger than `SMALL`, or not a regular
    file (reading a pipe would block)."""
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > SMALL:
            return None
        content = os.read(descriptor, found.st_size + 1)
        while len(content) != found.st_size and (more := os.read(descriptor, 1 << 20)):  # it changes, or was interrupted
            content += more
        return content
    except OSError:
        return None
    finally:
        os.close(descriptor)


def is_stale(top: Path) -> Iterator[Path]:
    """Temporary files below `top` that were not touched for `SLACK` seconds: leftovers of killed
    processes. A hard link has the modification time of its content, which may be old, so the change time
    counts, too."""
    for folder, _, names in os.walk(top):
        for name in names:
            if name.startswith('.') and name.endswith('.tmp'):
                with contextlib.suppress(OSError):
                    path = Path(folder, name)
                    found = os.lstat(path)
                    if time.time() - max(found.st_mtime, found.st_ctime if found.st_nlink > 1 else 0) > SLACK:
                        yield path


def remove(path: Path | str) -> None:
    """Delete a file if it exists. If it cannot be deleted now (open on Windows), `gc` does it."""
    try:
        os.unlink(path)
    except OSError:
        if os.name == 'nt':  # there read-only files cannot be deleted
            with contextlib.suppress(OSError):
                os.chmod(path, 0o644)
                os.unlink(path)


def stat_files(directory: str, names: Iterable[str], *, follow_symlinks: bool = True) -> list[os.stat_result]:
    """The stat results of the files `names` in a directory, a third faster than by their paths: the kernel
    resolves the directory once."""
    if not BY_DESCRIPTOR:
        return [os.stat(os.path.join(directory, name), follow_symlinks=follow_symlinks) for name in names]
    at = os.open(directory, os.O_RDONLY)
    try:
        return [os.stat(name, dir_fd=at, follow_symlinks=follow_symlinks) for name in names]
    finally:
        os.close(at)


def install_file(source: Path, target: Path, *, linked: bool = True, aside: Path | None = None) -> None:
    """Give `target` the content of `source`, atomically: as a hard link if `linked` and possible,
    otherwise as a copy (see `replacing` for `aside`)."""
    with atomic_write(target, aside) as temporary:
        link_or_copy(source, temporary, linked=linked)
        if not os.path.lexists(temporary):
            raise FileNotFoundError(errno.ENOENT, 'vanished while it was placed', str(temporary))


def link_or_copy(source: Path | str, target: Path | str, *, linked: bool = True) -> None:
    """Hard-link `source` to `target`, or copy it if links are not possible. `target` must not exist."""
    if not (linked and hard_link(source, target)):
        copy(source, target)


def copy(source: Path | str, target: Path | str) -> None:
    """Copy `source` to `target`, which must not exist; the copy is writable by its owner only. If the file
    system can, both share blocks until one is changed."""
    if clone(source, target):
        os.chmod(target, COPIED)
        return
    origin = os.open(source, os.O_RDONLY | _BINARY)
    try:
        copied = os.open(target, _WRITE, COPIED)
        try:
            if os.fstat(origin).st_size < WORTH_SHARING or not _copy_range(origin, copied):
                while data := os.read(origin, 1 << 20):
                    while data := data[os.write(copied, data):]:
                        pass
        finally:
            os.close(copied)
    finally:
        os.close(origin)


def _copy_range(origin: int, copied: int) -> bool:
    """Copy a whole file with copy_file_range, which shares blocks on btrfs, XFS and others. False if it is
    not supported; then nothing was copied."""
    if not hasattr(os, 'copy_file_range'):
        return False
    began = False
    try:
        while os.copy_file_range(origin, copied, 1 << 30):
            began = True
    except OSError:
        if began:  # it could: the disk is full, or fails
            raise
    return began


def have_same_content(one: Path | str, other: Path | str) -> bool:
    """Whether both are regular files, readable by their owner, with the same content."""
    try:
        found = [os.lstat(path) for path in (one, other)]
        if found[0].st_size != found[1].st_size or not all(stat.S_ISREG(f.st_mode) and f.st_mode & stat.S_IRUSR for f in found):
            return False
        with open(one, 'rb') as first, open(other, 'rb') as second:
            while block := first.read(1 << 20):
                if block != second.read(1 << 20):
                    return False
    except OSError:
        return False
    return True


def hard_link(source: Path | str, target: Path | str) -> bool:
    """Hard-link `source` to `target`, which must not exist. False if links are not possible."""
    if os.name == 'nt':
        return False
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        return False
    return True


def clone(source: Path | str, target: Path | str) -> bool:
    """Clone a file on macOS: it takes no space until one of the two is changed. False if it is not
    supported."""
    if sys.platform != 'darwin':
        return False
    import ctypes
    try:
        clonefile = ctypes.CDLL(None).clonefile
    except (OSError, AttributeError):  # before macOS 10.12
        return False
    return bool(clonefile(os.fsencode(source), os.fsencode(target), 0) == 0)


def remove_tree(path: Path) -> None:
    """Delete a directory with all its content, including read-only files, if it exists. Links are not
    followed."""
    def make_writable(function: object, name: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(name), 0o755)
            if not os.path.islink(name):
                os.chmod(name, 0o755)
            os.rmdir(name) if os.path.isdir(name) and not os.path.islink(name) else os.unlink(name)
    if path.is_dir() and not path.is_symlink():
        import shutil
        shutil.rmtree(path, onerror=make_writable)
    else:
        remove(path)
