"""Assembles a cache directory: `python cache_assembly.py OUT HEADERS FILE...`. The path of a FILE tells its path in the cache."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from emroot.bazel.sdk_layout import path_in_cache  # the line above makes the package importable


def main(out: str, headers: str, files: list[str]) -> int:
    """Copy everything; return the exit code."""
    shutil.copytree(headers, out, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for file in files:
        source = Path(file)
        target = Path(out, path_in_cache(file))
        if source.is_dir():
            shutil.copytree(source, out, dirs_exist_ok=True, copy_function=shutil.copyfile)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
