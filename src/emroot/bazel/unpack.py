"""Unpacks what `driver.py` packed: `python unpack.py TAR [--allow-missing] FILE...`. Standard library alone, no emroot.

Files are told apart by all that follows the first dot of their name, as with emsdk's rule.
"""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path


def extension(name: str) -> str:
    """All after the first dot of a file's name."""
    return name.partition('.')[2]


def main(arguments: list[str]) -> int:
    """Write each wanted file; the exit code."""
    packed, *wanted = arguments
    optional = '--allow-missing' in wanted
    wanted = [w for w in wanted if w != '--allow-missing']
    missing = []
    with tarfile.open(packed) as tar:
        members = {extension(member.name): member for member in tar.getmembers()}
        for file in wanted:
            member = members.get(extension(Path(file).name))
            content = tar.extractfile(member) if member else None
            if content is None and not optional:
                missing.append(file)
                continue
            Path(file).write_bytes(content.read() if content else b'')
            Path(file).chmod(0o755)
        if missing:
            made = ', '.join(sorted(member.name for member in tar.getmembers()))
            print(f'emroot: the link left no {", ".join(Path(m).name for m in missing)}; it left {made}', file=sys.stderr)
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
