"""Runs a packed program: `python run.py NODE TAR ARGUMENTS...`. Standard library alone, no emroot."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path


def main(node: str, packed: str, arguments: list[str]) -> int:
    """Unpack the program and run it under Node; its exit code."""
    with tempfile.TemporaryDirectory(prefix='emroot-') as directory:
        with tarfile.open(packed) as tar:
            for member in tar.getmembers():  # names that `driver.py: pack` chose, in one directory
                content = tar.extractfile(member)
                Path(directory, member.name).write_bytes(content.read() if content else b'')
        scripts = [p for suffix in ('.js', '.mjs') for p in sorted(Path(directory).glob('*' + suffix))]
        if not scripts:
            print(f'emroot: {packed} holds no JavaScript to run', file=sys.stderr)
            return 1
        return subprocess.run([node, str(scripts[0]), *arguments], check=False).returncode


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
