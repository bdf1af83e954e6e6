"""Atomic file operations: a file appears complete under its name, or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

READ_ONLY = 0o444
#: Permissions of files, whatever the umask: emcc rewrites its headers.
COPIED = 0o644
#: Seconds for which a touched file counts as in use, with clocks of several machines in mind.
SLACK = 600.0
#: An upper bound for records and cached answers in bytes: the largest have a line per file of a large port.
SMALL = 64 << 20
#: Whether the system supports stat relative to an open directory.
BY_DESCRIPTOR = os.stat in os.supports_dir_fd and os.scandir in os.supports_fd
BINARY = getattr(os, 'O_BINARY', 0) | getattr(os, 'O_CLOEXEC', 0)
#: Non-blocking, so that a pipe does not block.
_READ, CREATE = os.O_RDONLY | BINARY | getattr(os, 'O_NONBLOCK', 0), os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY
#: Makes names unique together with the process ID, on several machines, too.
_MINE, _COUNT = os.urandom(4).hex(), itertools.count()
_CANNOT_FLUSH = {errno.EINVAL, errno.ENOTSUP, getattr(errno, 'ENOSYS', 38)}


def temporary_name(path: Path) -> Path:
    """A unique name next to `path`, so that a rename stays on one file system."""
    return path.with_name(_temporary(path.name))


def _temporary(name: str) -> str:
    return f'.{name[:80]}.{os.getpid()}.{_MINE}{next(_COUNT):x}.tmp'


@contextlib.contextmanager
def atomic_write(path: Path, aside: Path | None = None) -> Iterator[Path]:
    """Yield a temporary name; rename it over `path` at the end of the block, remove it after an error. It is next
    to `path`, or in `aside`: a directory on the same disk whose owner removes leftovers of killed processes."""
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
        import shutil  # lazy import: a directory on the way is of another disk
        with atomic_write(Path(path)) as near:
            shutil.copyfile(temporary, near)
            os.chmod(near, COPIED)
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
    """Write a file atomically (see `atomic_write` for `aside`), in few system calls: there are thousands of
    records. `durable`: flush it to the disk first."""
    folder, name = os.path.split(path)
    if folder and not aside and not os.path.isdir(folder):
        make_directories(folder)
    temporary = os.path.join(aside or folder, _temporary(name))
    try:
        descriptor = os.open(temporary, CREATE, COPIED)
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
    """Wait until a file's content is on the disk, where this is supported. Raises `OSError`."""
    descriptor = os.open(path, (os.O_RDWR if os.name == 'nt' else os.O_RDONLY) | BINARY)  # Windows flushes what may be written
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH:
            raise
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str, *, aside: Path | None = None, durable: bool = False) -> None:
    """Write a UTF-8 file atomically, with undecodable bytes of paths (see `write_bytes`)."""
    write_bytes(path, text.encode(errors='surrogateescape'), aside=aside, durable=durable)


def as_python(value: object) -> str:
    """Python source for strings, and lists and dicts of them, that means the same files in any locale."""
    if isinstance(value, dict):
        return f'{{{", ".join(f"{as_python(key)}: {as_python(item)}" for key, item in value.items())}}}'
    if isinstance(value, list):
        return f'[{", ".join(map(as_python, value))}]'
    text = repr(value)
    return text if text.isascii() else f'__import__("os").fsdecode({os.fsencode(str(value))!r})'


def read_file(path: Path | str) -> bytes | None:
    """A small regular file's content. None if it is absent, unreadable or larger than `SMALL`."""
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
    """Temporary files below `top` that were not touched for `SLACK` seconds: leftovers of killed processes. The change time
    counts, too: a hard link has the modification time of its content."""
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
    """The stat results of `names` in a directory, a third faster than by paths."""
    if not BY_DESCRIPTOR:
        return [os.stat(os.path.join(directory, name), follow_symlinks=follow_symlinks) for name in names]
    at = os.open(directory, os.O_RDONLY)
    try:
        return [os.stat(name, dir_fd=at, follow_symlinks=follow_symlinks) for name in names]
    finally:
        os.close(at)


def list_names(directory: Path | str) -> list[str]:
    """The names in a directory, sorted; none if it cannot be read."""
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def stat_if_there(path: Path | str) -> os.stat_result | None:
    """What lstat says; None if there is nothing."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def remove_tree(path: Path) -> None:
    """Delete a directory with all its content, if it exists. Links are not followed."""
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
