"""Assembles a cache directory: `python cache_assembly.py OUT HEADERS FILE...`. The path of a FILE tells its path in the cache."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from emroot.bazel.toolchain.cache_contents import add_files  # the line above makes the package importable


def main(out: str, headers: str, *files: str) -> None:
    """Copy everything."""
    shutil.copytree(headers, out, dirs_exist_ok=True, copy_function=shutil.copyfile)
    add_files(Path(out), files, shutil.copyfile)


if __name__ == '__main__':
    main(*sys.argv[1:])
