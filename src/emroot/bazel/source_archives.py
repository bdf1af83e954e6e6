"""Archives of the SDK's sources and headers, as actions have them: a file that is one input instead of thousands.

The repository `emscripten_sources` has one for each part of the SDK (`part_of`), so that a changed source concerns only the
libraries that have its part. They are zip files without compression, which depend on names and contents alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

#: Directories in archives.
SDK, HEADERS, CLANG_HEADERS, PACKAGE = 'sdk/', 'headers/', 'clang/include/', 'package/emroot/'
#: The archives of C++'s headers, of all other headers of the SDK, and of clang's own.
CPP, OTHERS, CLANG = 'headers-cpp', 'headers', 'clang'
_CPP_HEADERS = 'headers/sysroot/include/c++/'
#: In a zip file, where a file's header has the lengths of what is between it and the content, and how long it is itself.
_LENGTHS, _HEADER = struct.Struct('<26xHH'), 30
#: Where Linux has a file system in memory, and the bytes that are to be free there.
MEMORY, ROOM = '/dev/shm', 1 << 30  # noqa: S108


def part_of(path: str) -> str:
    """The archive, without its suffix, that has a file: a directory of the SDK's sources (`system-lib-libc`), or headers. `path`
    is that in the SDK's repository (`emscripten/system/...`, `headers/...`, `llvm/lib/clang/...`)."""
    if path.startswith('llvm/'):
        return CLANG
    if path.startswith('headers/'):
        return CPP if path.startswith(_CPP_HEADERS) else OTHERS
    directories = path.split('/')[1:-1]
    return '-'.join(directories[:3 if directories[:2] == ['system', 'lib'] else 2])


def pack(entries: Mapping[str, bytes | Path], out: Path) -> None:
    """Write an archive of contents, or of the files that have them, by names."""
    with zipfile.ZipFile(out, 'w') as archive:
        for name in sorted(entries):
            found = entries[name]
            archive.writestr(zipfile.ZipInfo(name), found.read_bytes() if isinstance(found, Path) else found)


def read(archive: str | Path) -> dict[str, bytes]:
    """The content of an archive."""
    with zipfile.ZipFile(archive) as packed:
        return {entry.filename: packed.read(entry) for entry in packed.infolist()}


def digest(archive: str | Path) -> str:
    """A digest of an archive's content, from the names and checksums in its directory."""
    with zipfile.ZipFile(archive) as packed:
        listing = ''.join(f'{entry.filename} {entry.CRC} {entry.file_size}\n' for entry in packed.infolist())
    return hashlib.sha256(listing.encode()).hexdigest()


def unpack(archive: str | Path, to: Path, below: str = '') -> None:
    """Unpack what lies `below` a directory of an archive: 8,000 files in half of the time that `zipfile` takes."""
    made: set[str] = set()
    with (zipfile.ZipFile(archive) as packed, open(archive, 'rb') as f,
          mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as content):
        for entry in packed.infolist():
            if not entry.filename.startswith(below):
                continue
            begin = entry.header_offset + _HEADER + sum(_LENGTHS.unpack_from(content, entry.header_offset))
            file = os.path.join(to, entry.filename[len(below):])  # names that were given to `pack`
            if (directory := os.path.dirname(file)) not in made:
                os.makedirs(directory, exist_ok=True)
                made.add(directory)
            with open(file, 'wb', buffering=0) as out:
                out.write(content[begin:begin + entry.file_size])


def directory_for_many(stack: contextlib.ExitStack, otherwise: Path) -> Path:
    """A directory for thousands of small files, private and removed with the stack: in memory, if there is room."""
    try:
        free = os.statvfs(MEMORY)
        roomy = free.f_bavail * free.f_frsize > ROOM and free.f_favail > ROOM >> 15
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='emroot-', dir=MEMORY))) if roomy else otherwise
    except (OSError, AttributeError):  # none, or no right to
        return otherwise
