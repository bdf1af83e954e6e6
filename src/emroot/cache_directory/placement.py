"""Installing files in a cache directory: each atomically, and as a separate file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from ..host.copying import copy, have_same_content, install_file
from ..host.files import make_directories, remove_tree
from ..store.trees import list_files


def copy_tree(source: Path, target: Path, *, aside: Path) -> list[str]:
    """Install every file below `source` below `target`, each atomically; the files of `source` itself last (emcc's stamp).
    Returns the files that were missing or had other content. (See `files.atomic_write` for `aside`.)"""
    folders: list[str] = []
    files: list[str] = []
    for entry in os.scandir(source):
        (folders if entry.is_dir() else files).append(entry.name)
    changed = [f'{name}/{path}' for name in folders for path in _copy_folder(source / name, target / name, aside=aside)]
    return [*changed, *(name for name in files if settle(source / name, target / name, aside=aside))]


def _copy_folder(source: Path, target: Path, *, aside: Path) -> list[str]:
    """The same for a directory. One that is missing in `target` is copied aside, then renamed."""
    if not os.path.lexists(target):
        whole = aside / f'tree-{os.urandom(4).hex()}'
        try:
            replaced = _copy_aside(str(source), str(whole))
            os.rename(whole, target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.EXDEV) and not os.path.lexists(target):
                raise
        else:
            return replaced
        finally:
            remove_tree(whole)
    make_directories(target)
    return copy_tree(source, target, aside=aside)


def _copy_aside(source: str, target: str) -> list[str]:
    make_directories(target)
    copied = list_files(Path(source))
    for folder in by_folder(copied):
        make_directories(os.path.join(target, folder))
    for path in copied:
        copy(f'{source}/{path}', f'{target}/{path}')
    return copied


def settle(source: Path, target: Path, *, aside: Path) -> bool:
    """Make `target` a separate file with the content of `source`. Returns whether it was missing or different."""
    changed = not have_same_content(target, source)
    if changed and target.is_dir() and not target.is_symlink():
        remove_tree(target)
    if changed or os.lstat(target).st_nlink > 1:
        install_file(source, target, linked=False, aside=aside)
    return changed


def by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """The names of files by the folder in which they lie, both relative."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition('/')
        folders.setdefault(folder, []).append(name)
    return folders
