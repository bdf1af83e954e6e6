"""Unpacking archives from elsewhere: nothing in them may land, or point, outside the directory they are unpacked to.

By hand, because tarfile's own filter came with Python 3.11.4 only, and zipfile renames what it does not like.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ..errors import SdkError
from ..files import make_directories
from .providers import Report, silent

_STEP = 8 << 20
#: What comes of members that contradict one another: a file where another member has a directory, a link to nothing.
_CONTRADICTIONS = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError)


def unzip(archive: Path, into: Path, *, wanted: Callable[[str], bool] = lambda name: True, what: str = '',
          report: Report = silent) -> None:
    """Unpack the `wanted` members of a zip file. Raises `SdkError` if it is damaged or a member leads outside."""
    place = _Place(archive, into)
    try:
        with zipfile.ZipFile(archive) as f:
            members = [member for member in f.infolist() if wanted(member.filename)]
            total = sum(member.file_size for member in members)
            done = 0
            for member in members:
                mode = member.external_attr >> 16
                if stat.S_ISLNK(mode):
                    place.link(member.filename, f.read(member).decode())
                elif member.is_dir():
                    place.directory(member.filename)
                else:
                    with f.open(member) as content:
                        place.file(member.filename, content, executable=bool(mode & 0o100))
                done += member.file_size
                report(what, done, total)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, UnicodeError,
            *_CONTRADICTIONS) as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        raise _unless_named_so(archive, error) from error


def untar(archive: Path, into: Path, *, what: str = '', report: Report = silent) -> None:
    """Unpack a tar file, compressed or not. Raises `SdkError` if it is damaged or a member leads outside."""
    place = _Place(archive, into)
    total, told = archive.stat().st_size, 0
    try:
        with open(archive, 'rb') as raw, tarfile.open(fileobj=raw, mode='r:*') as tar:
            for member in tar:
                if member.isdir():
                    place.directory(member.name)
                elif member.issym():
                    place.link(member.name, member.linkname)
                elif member.islnk():
                    place.hard_link(member.name, member.linkname)
                elif member.isreg() and (content := tar.extractfile(member)):
                    with content:
                        place.file(member.name, content, executable=bool(member.mode & 0o100))
                else:
                    raise place.refused(member.name)
                if raw.tell() - told >= _STEP:
                    told = raw.tell()
                    report(what, told, total)
    except (tarfile.TarError, EOFError, zlib.error, _lzma_error(), *_CONTRADICTIONS) as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        raise _unless_named_so(archive, error) from error
    report(what, total, total)


class _Place:
    """The directory that an archive is unpacked to. Names are with slashes; links are followed as they are so far."""

    def __init__(self, archive: Path, into: Path) -> None:
        make_directories(into)
        self._archive, self._top = archive, os.path.realpath(into)

    def directory(self, name: str) -> None:
        make_directories(self._inside(name))

    def file(self, name: str, content: IO[bytes], *, executable: bool) -> None:
        target = self._vacate(name)
        with open(target, 'wb') as sink:
            shutil.copyfileobj(content, sink, 1 << 20)
        os.chmod(target, 0o755 if executable else 0o644)

    def link(self, name: str, points_to: str) -> None:
        """A symbolic link. `a/../b` is refused: what it means can change when `a` becomes a link."""
        target = self._vacate(name)
        where = os.path.join(os.path.dirname(target), points_to)
        relative = not os.path.isabs(points_to) and os.path.normpath(points_to) == points_to.rstrip('/')
        if '\0' in points_to or not relative or not self._holds(where):
            raise self.refused(name)
        os.symlink(points_to, target)

    def hard_link(self, name: str, other: str) -> None:
        source = self._inside(other)
        if not self._holds(source):
            raise self.refused(name)
        os.link(source, self._vacate(name))

    def refused(self, name: str) -> SdkError:
        return SdkError(f'{self._archive.name} is refused: its member {name!r} leads outside',
                        hint='do not trust where it came from')

    def _vacate(self, name: str) -> str:
        """The path for a member: its directory is there, and nothing else is."""
        target = self._inside(name)
        make_directories(os.path.dirname(target))
        if os.path.lexists(target):
            os.unlink(target)
        return target

    def _inside(self, name: str) -> str:
        plain = name.replace('\\', '/')
        if '\0' in plain:
            raise self.refused(name)
        target = os.path.normpath(os.path.join(self._top, *plain.split('/')))
        named_elsewhere = not _below(target, self._top) or plain.startswith('/') or ':' in plain.partition('/')[0]
        if target != self._top and (named_elsewhere or not self._holds(os.path.dirname(target))):
            raise self.refused(name)
        return target

    def _holds(self, path: str) -> bool:
        """Whether a path leads inside, through all links."""
        return _below(os.path.realpath(path), self._top)


def _below(path: str, top: str) -> bool:
    return path == top or path.startswith(top.rstrip(os.sep) + os.sep)


def _lzma_error() -> type[Exception]:
    try:
        from lzma import LZMAError
    except ImportError:  # a Python that was built without it says so itself (tarfile.CompressionError)
        return EOFError
    return LZMAError


def _unless_named_so(archive: Path, error: OSError) -> Exception:
    """The error itself, unless it is about what a member is called: no other directory or permission would help."""
    return _damaged(archive, error) if error.errno in (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EILSEQ) else error


def _damaged(archive: Path, error: Exception) -> SdkError:
    return SdkError(f'{archive.name} cannot be unpacked: {error or type(error).__name__}',
                    hint='delete it and run the command again')
