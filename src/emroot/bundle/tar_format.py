"""The tar format as far as bundles have it: plain files, one after the other, each header as `header` writes it.

Whoever reads knows each header before it comes, byte for byte, since it follows from the manifest. So there is nothing to
interpret: links, devices, other names, other sizes, other orders are all simply not what was to come.
"""

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
#: What reading a damaged archive raises.
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
#: Bytes that unpacking may take: `PRESET` needs 9 MB.
_MEMORY = 64 << 20
PRESET = 6
_STEP = 1 << 16


def header(name: str, size: int) -> bytes:
    """The header of a file: nobody's, of no time. Raises `UsageError` for a name that the format cannot hold."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, 'utf-8', 'strict')
    except ValueError as error:
        raise UsageError(f'{name!r} cannot be added to an archive: {error}', hint='omit its target') from error


def padding(size: int) -> bytes:
    """What fills the last block of a file."""
    return bytes(-size % BLOCK)


def compressed(path: Path, name: str) -> IO[bytes]:
    """A file to write to, compressed as the ending of `name` says. Raises `UsageError` for one that says nothing."""
    if name.endswith(('.tar.gz', '.tgz')):
        # No name and no time: they would be in the bytes.
        return cast(IO[bytes], _Gzip(open(path, 'wb')))  # closed with it
    if name.endswith(('.tar.xz', '.txz')):
        return lzma.open(path, 'wb', preset=PRESET, check=lzma.CHECK_CRC64)
    if name.endswith('.tar'):
        return open(path, 'wb')
    raise UsageError(f'{name!r} has no known archive format', hint='end the name in .tar.gz, .tar.xz or .tar')


class _Gzip(gzip.GzipFile):
    """Closes the file below it, too."""

    def __init__(self, below: IO[bytes]) -> None:
        super().__init__(filename='', mode='wb', compresslevel=PRESET, fileobj=below, mtime=0)
        self._below = below

    def close(self) -> None:
        super().close()
        self._below.close()


def opened(file: IO[bytes]) -> IO[bytes]:
    """The content of an archive, compressed or not, to be read from its beginning with bounded memory."""
    start = file.read(6)
    file.seek(0)
    if start.startswith(b'\x1f\x8b'):
        return cast(IO[bytes], gzip.GzipFile(fileobj=file, mode='rb'))
    return io.BufferedReader(_Xz(file)) if start == b'\xfd7zXZ\0' else file


class _Xz(io.RawIOBase):
    """As `lzma.open`, but for its bound on memory: a header of a few bytes can ask for gigabytes."""

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
    """The next bytes. Raises `EOFError` if there are less."""
    data = stream.read(size)
    if len(data) != size:
        raise EOFError('it is truncated')
    return data
