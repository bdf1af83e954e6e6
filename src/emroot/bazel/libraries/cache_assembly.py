"""Assembles a cache directory.

    python cache_assembly.py OUT FILE...

A FILE is an archive of headers, a directory of what lies at the top of the cache, or a library, whose path has that in the cache.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from emroot.bazel.source_archives import CLANG, CLANG_HEADERS, HEADERS, unpack  # the line above makes the package importable
from emroot.bazel.toolchain.cache_contents import add_files


def main(out: str, *files: str) -> None:
    """Copy everything."""
    archives = [file for file in files if file.endswith('.zip')]
    for archive in archives:
        unpack(archive, Path(out), CLANG_HEADERS if Path(archive).stem == CLANG else HEADERS)
    add_files(Path(out), [file for file in files if file not in archives], shutil.copyfile)


if __name__ == '__main__':
    main(*sys.argv[1:])
