"""Unpacking archives from elsewhere: nothing in them may land, or point, outside the directory they are unpacked to."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from ..errors import SdkError
from .providers import Report, silent

_STEP = 8 << 20


def unzip(archive: Path, into: Path, *, wanted: Callable[[str], bool] = lambda name: True, what: str = '',
          report: Report = silent) -> None:
    """Unpack the `wanted` members of a zip file. Raises `SdkError` if it is damaged or a member leads outside."""
    try:
        with zipfile.ZipFile(archive) as f:
            members = [member for member in f.infolist() if wanted(member.filename)]
            total = sum(member.file_size for member in members)
            done = 0
            for member in members:
                target = _inside(into, member.filename, archive)
                mode = member.external_attr >> 16
                if stat.S_ISLNK(mode):
                    link = f.read(member).decode()
                    _inside(into, str(PurePosixPath(member.filename).parent / link), archive)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.symlink(link, target)
                elif member.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                else:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with f.open(member) as source, open(target, 'wb') as sink:
                        shutil.copyfileobj(source, sink, 1 << 20)
                    if mode & 0o111:
                        target.chmod(0o755)
                done += member.file_size
                report(what, done, total)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise _damaged(archive, error) from error


def untar(archive: Path, into: Path, *, what: str = '', report: Report = silent) -> None:
    """Unpack a tar file, compressed or not. Raises `SdkError` if it is damaged or a member leads outside."""
    if not hasattr(tarfile, 'data_filter'):
        raise SdkError(f'Python {sys.version.split()[0]} cannot unpack archives safely',
                       mend='use Python 3.11.4 or later, or `emroot sdk install --from debian`')
    total = archive.stat().st_size
    told = 0
    root = os.path.realpath(into)
    try:
        with open(archive, 'rb') as raw, tarfile.open(fileobj=raw, mode='r:*') as tar:
            for member in tar:
                tar.extract(member, root, filter='data')
                if raw.tell() - told >= _STEP:
                    told = raw.tell()
                    report(what, told, total)
    except tarfile.FilterError as error:
        raise SdkError(f'{archive.name} is refused: {error}', mend='do not trust where it came from') from error
    except (tarfile.TarError, EOFError, _lzma_error()) as error:
        raise _damaged(archive, error) from error
    report(what, total, total)


def _lzma_error() -> type[Exception]:
    try:
        from lzma import LZMAError
    except ImportError:  # a Python that was built without it says so itself (tarfile.CompressionError)
        return EOFError
    return LZMAError


def _inside(into: Path, name: str, archive: Path) -> Path:
    """Where a zip member goes, refusing those that go elsewhere (zipfile itself would silently rename them)."""
    plain = name.replace('\\', '/')
    target = os.path.normpath(os.path.join(into, *PurePosixPath(plain).parts))
    if plain.startswith('/') or ':' in plain.split('/')[0] or not _below(target, into):
        raise SdkError(f'{archive.name} is refused: its member {name!r} leads outside',
                       mend='do not trust where it came from')
    return Path(target)


def _below(path: str, directory: Path) -> bool:
    top = os.path.normpath(directory)
    return path == top or path.startswith(top + os.sep)


def _damaged(archive: Path, error: Exception) -> SdkError:
    return SdkError(f'{archive.name} cannot be unpacked: {error or type(error).__name__}',
                    mend='delete it and run the command again')
