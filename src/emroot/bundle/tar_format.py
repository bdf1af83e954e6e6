"""The subset of the tar format that bundles use: plain files, each with the header that `header` writes. A reader
knows it before it comes, from the manifest: links, devices, other names or sizes are not the expected bytes."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zlib
from pathlib import Path
from typing import IO, cast

from ..errors import UsageError

BLOCK = 512
END = bytes(2 * BLOCK)
#: Exceptions for a damaged archive.
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
#: Memory limit for unpacking in bytes: `PRESET` needs 9 MB.
_MEMORY = 64 << 20
PRESET = 6
_STEP = 1 << 16


def header(name: str, size: int) -> bytes:
    """The header of a file, without owner and time. Raises `UsageError` for a name that the format cannot have."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, 'utf-8', 'strict')
    except ValueError as error:
        raise UsageError(f'{name!r} cannot be added to an archive: {error}', hint='omit its target') from error


def padding(size: int) -> bytes:
    """The bytes that pad the last block of a file."""
    return bytes(-size % BLOCK)


def compressed(path: Path, name: str) -> IO[bytes]:
    """Open a file for writing, compressed by the ending of `name`. Raises `UsageError` for an unknown one."""
    if name.endswith(('.tar.gz', '.tgz')):
        # No name and no time: they would be in the bytes.
        return cast(IO[bytes], _Gzip(open(path, 'wb')))  # closed with it
    if name.endswith(('.tar.xz', '.txz')):
        return lzma.open(path, 'wb', preset=PRESET, check=lzma.CHECK_CRC64)
    if name.endswith('.tar'):
        return open(path, 'wb')
    raise UsageError(f'{name!r} has no known archive format', hint='end the name in .tar.gz, .tar.xz or .tar')


class _Gzip(gzip.GzipFile):
    """Also closes the underlying file."""

    def __init__(self, below: IO[bytes]) -> None:
        super().__init__(filename='', mode='wb', compresslevel=PRESET, fileobj=below, mtime=0)
        self._below = below

    def close(self) -> None:
        super().close()
        self._below.close()


def open_archive(file: IO[bytes]) -> IO[bytes]:
    """Read an archive, compressed or not, from its start, with bounded memory."""
    start = file.read(6)
    file.seek(0)
    if start.startswith(b'\x1f\x8b'):
        return cast(IO[bytes], gzip.GzipFile(fileobj=file, mode='rb'))
    return io.BufferedReader(_Xz(file)) if start == b'\xfd7zXZ\0' else file


class _Xz(io.RawIOBase):
    """Like `lzma.open`, with a memory limit: a header of a few bytes can request gigabytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._decoder = file, lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            if self._decoder.eof:
                if self._decoder.unused_data or self._file.read(1):
                    raise lzma.LZMAError('there is data after its end')
                return 0
            fresh = self._file.read(_STEP) if self._decoder.needs_input else b''
            if self._decoder.needs_input and not fresh:
                raise EOFError('it is truncated')
            data = self._decoder.decompress(fresh, len(buffer))
            if data:
                buffer[:len(data)] = data
                return len(data)


def read_exactly(stream: IO[bytes], size: int) -> bytes:
    """Read exactly `size` bytes. Raises `EOFError` if there are fewer."""
    data = stream.read(size)
    if len(data) != size:
        raise EOFError('it is truncated')
    return data
