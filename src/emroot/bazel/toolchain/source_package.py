"""The build action that packs what a link needs to make objects by itself, as one file: one input more of each link.

    python source_package.py OUT ABOUT IDENTITY HEADERS PACKAGE @LIST

ABOUT is `sdk.json`, at the top of the SDK's repository; of the files that LIST names, those below it are its sources, and those
below the directory PACKAGE this program's own package. HEADERS is the directory of installed headers. The archive is a zip file
without compression, which depends on names and contents alone.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Directories in the archive.
SDK, HEADERS, PACKAGE, IDENTITY = 'sdk/', 'headers/', 'package/emroot/', 'identity.json'


def main(out: str, about: str, identity: str, headers: str, package: str, listed: str) -> int:
    """Write the archive; return the exit code."""
    files = Path(listed.removeprefix('@')).read_text(encoding='utf-8').splitlines()
    entries = {IDENTITY: identity, **dict(_below(os.path.dirname(about), SDK, files)), **dict(_below(package, PACKAGE, files))}
    for folder, _, names in os.walk(headers):
        for name in names:
            path = os.path.join(folder, name)
            entries[HEADERS + os.path.relpath(path, headers).replace(os.sep, '/')] = path
    with zipfile.ZipFile(out, 'w') as archive:
        for name in sorted(entries):
            archive.writestr(zipfile.ZipInfo(name), Path(entries[name]).read_bytes())
    return 0


def _below(directory: str, name: str, files: Iterable[str]) -> Iterator[tuple[str, str]]:
    top = directory.rstrip('/') + '/'
    return ((name + file.removeprefix(top), file) for file in files if file.startswith(top))


def digest(archive: str) -> str:
    """A digest of an archive's content, from the names and checksums in its directory."""
    with zipfile.ZipFile(archive) as packed:
        listing = ''.join(f'{entry.filename} {entry.CRC} {entry.file_size}\n' for entry in packed.infolist())
    return hashlib.sha256(listing.encode()).hexdigest()


def unpack(archive: str, to: Path) -> None:
    """Unpack an archive into a directory."""
    made: set[Path] = set()
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            file = to / name  # names that `main` wrote
            if file.parent not in made:
                file.parent.mkdir(parents=True, exist_ok=True)
                made.add(file.parent)
            file.write_bytes(packed.read(name))


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
