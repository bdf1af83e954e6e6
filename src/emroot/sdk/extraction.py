"""Unpack untrusted archives: no file and no link may lead outside of the target directory. By hand, because
tarfile's own filter exists only since Python 3.11.4, and zipfile renames members with unusual names."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from ..errors import SdkError
from ..host.files import make_directories
from .steps import Report, silent

_STEP = 8 << 20
#: An upper bound for the target of a link in bytes.
_LONGEST_LINK = 1 << 12
#: Error numbers for a conflict between a file and a directory.
_IN_THE_WAY = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY}


def unzip(archive: Path, into: Path, *, keep: Callable[[str], bool] = lambda name: True, what: str = '',
          report: Report = silent) -> None:
    """Unpack the `keep` members of a zip file. Raises `SdkError` for damage or a member that leads outside."""
    extractor = _SafeExtractor(archive, into)
    try:
        with zipfile.ZipFile(archive) as f:
            members = [member for member in f.infolist() if keep(member.filename)]
            total = sum(member.file_size for member in members)
            done = 0
            for member in members:
                mode = member.external_attr >> 16
                if stat.S_ISLNK(mode):
                    with f.open(member) as content:
                        extractor.link(member.filename, content.read(_LONGEST_LINK).decode())
                elif member.is_dir():
                    extractor.directory(member.filename)
                else:
                    with f.open(member) as content:
                        extractor.file(member.filename, content, executable=bool(mode & 0o100))
                done += member.file_size
                report(what, done, total)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
            UnicodeError) as error:  # the last three: a compression that is not known; a password; a link
        raise _damaged(archive, error) from error


def untar(archive: Path, into: Path, *, what: str = '', report: Report = silent) -> None:
    """Unpack a tar file, compressed or not. Raises `SdkError` if it is damaged or a member leads outside."""
    extractor = _SafeExtractor(archive, into)
    total, reported = archive.stat().st_size, 0
    try:
        with open(archive, 'rb') as raw, tarfile.open(fileobj=raw, mode='r:*') as tar:
            for member in tar:
                if member.isdir():
                    extractor.directory(member.name)
                elif member.issym():
                    extractor.link(member.name, member.linkname)
                elif member.islnk():
                    extractor.hard_link(member.name, member.linkname)
                elif member.isreg() and (content := tar.extractfile(member)):
                    with content:
                        extractor.file(member.name, content, executable=bool(member.mode & 0o100))
                else:
                    raise extractor.refused(member.name)
                if raw.tell() - reported >= _STEP:
                    reported = raw.tell()
                    report(what, reported, total)
            while tar.fileobj and tar.fileobj.read(1 << 20):
                pass  # at the end of a gzip file is the sum that tells damage
    except (tarfile.TarError, EOFError, zlib.error, _lzma_error()) as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(archive, error) from error  # what gzip and bz2 say of damage
    report(what, total, total)


class _SafeExtractor:
    """The target directory of an archive. Names have forward slashes; existing links are followed."""

    def __init__(self, archive: Path, into: Path) -> None:
        make_directories(into)
        self._archive, self._top = archive, os.path.realpath(into)
        #: The unpacked files, by their case-folded paths.
        self._files: dict[str, str] = {}

    def directory(self, name: str) -> None:
        with self._replacing(name):
            make_directories(self._inside(name))

    def file(self, name: str, content: IO[bytes], *, executable: bool) -> None:
        with self._replacing(name):
            target = self._vacate(name)
            with open(target, 'wb') as sink:
                shutil.copyfileobj(content, sink, 1 << 20)
            os.chmod(target, 0o755 if executable else 0o644)

    def link(self, name: str, points_to: str) -> None:
        """Make a symbolic link. `a/../b` is refused: its meaning changes when `a` becomes a link."""
        with self._replacing(name):
            target = self._vacate(name)
            where = os.path.join(os.path.dirname(target), points_to)
            relative = not os.path.isabs(points_to) and os.path.normpath(points_to) == points_to.rstrip('/')
            if '\0' in points_to or not relative or not self._holds(where):
                raise self.refused(name)
            os.symlink(points_to, target)

    def hard_link(self, name: str, other: str) -> None:
        with self._replacing(name):
            source = self._inside(other)
            if not self._holds(source):
                raise self.refused(name)
            if not os.path.lexists(source):
                raise self._odd(name, f'a hard link to {other!r}, which does not come before it')
            os.link(source, self._vacate(name))

    def refused(self, name: str) -> SdkError:
        return SdkError(f'{self._archive.name} is refused: its member {name!r} leads outside of the target directory',
                        hint='do not trust the source of this archive')

    def _vacate(self, name: str) -> str:
        """The path for a member: its directory exists, and nothing is at the path itself."""
        target = self._inside(name)
        make_directories(os.path.dirname(target))
        if os.path.lexists(target):
            before = self._files.get(target.casefold(), target)
            if before != target and os.path.samefile(before, target):
                raise SdkError(f'{self._archive.name} has {os.path.basename(before)!r} and {name!r}, but the file system at '
                               f'{self._top} can have only one of them, because it ignores case',
                               hint='choose a directory on another file system, with --dest or EMROOT_HOME')
            if os.path.isdir(target) and not os.path.islink(target):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)  # what unlink says differs
            os.unlink(target)
        self._files[target.casefold()] = target
        return target

    @contextlib.contextmanager
    def _replacing(self, name: str) -> Iterator[None]:
        """Report file system errors that a member's name causes in terms of the archive."""
        try:
            yield
        except OSError as error:
            if error.errno in _IN_THE_WAY:
                raise self._odd(name, f'in conflict with another one ({error.strerror})') from error
            if error.errno == errno.ENAMETOOLONG or self._is_too_long(name, error):
                raise SdkError(f'{self._archive.name} cannot be unpacked to {self._top}: the name of its member {name!r} is too '
                               'long there', hint='choose a shorter path with --dest or EMROOT_HOME; on Windows, enable long '
                                                  'paths') from error
            if error.errno in (errno.EINVAL, errno.EILSEQ, errno.ELOOP):
                raise self._odd(name, f'not a valid file name here ({error.strerror})') from error
            raise
        except UnicodeError as error:  # a name that cannot be encoded here
            raise self._odd(name, f'not a valid file name here ({error})') from error

    def _is_too_long(self, name: str, error: OSError) -> bool:
        """Whether a 'no such file' error of Windows means that the name is too long."""
        longest = max(map(len, name.replace('\\', '/').split('/')))
        long = longest > 255 or len(self._top) + len(name) > 240
        return os.name == 'nt' and error.errno in (errno.ENOENT, errno.EINVAL) and long

    def _odd(self, name: str, what: str) -> SdkError:
        return SdkError(f'{self._archive.name} cannot be unpacked: its member {name!r} is {what}',
                        hint='delete it and run the command again; if this error stays, it is not an archive of a release')

    def _inside(self, name: str) -> str:
        plain = name.replace('\\', '/')
        if '\0' in plain:
            raise self.refused(name)
        target = os.path.normpath(os.path.join(self._top, *plain.split('/')))
        drive = ':' in (plain if os.name == 'nt' else plain.partition('/')[0])  # or a stream of a file, which Windows has
        named_elsewhere = not Path(target).is_relative_to(self._top) or plain.startswith('/') or drive
        if target != self._top and (named_elsewhere or not self._holds(os.path.dirname(target))):
            raise self.refused(name)
        return target

    def _holds(self, path: str) -> bool:
        """Whether a path is inside of the directory, with all links followed."""
        return Path(os.path.realpath(path)).is_relative_to(self._top)


def _lzma_error() -> type[Exception]:
    try:
        from lzma import LZMAError
    except ImportError:  # a Python that was built without it says so itself (tarfile.CompressionError)
        return EOFError
    return LZMAError


def _damaged(archive: Path, error: Exception) -> SdkError:
    return SdkError(f'{archive.name} cannot be unpacked: {error or type(error).__name__}',
                    hint='delete it and run the command again')
