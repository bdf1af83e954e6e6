"""Paths of directories for `-ffile-prefix-map=OLD=NEW`: clang ends OLD at the first `=`."""

from __future__ import annotations

import atexit
import functools
import os
import tempfile
from pathlib import Path

from ...errors import StoreError
from ...host.files import remove_tree


@functools.cache
def mappable(directory: Path) -> Path:
    """A path of the directory without `=`: its own, or a link while this process lives. Raises `StoreError`."""
    if '=' not in str(directory):
        return directory
    top = Path(tempfile.mkdtemp(prefix='emroot-'))
    atexit.register(remove_tree, top)
    link = top / 'cache'
    try:
        link.symlink_to(directory, target_is_directory=True)
    except OSError as error:
        raise _refusal(directory, str(error)) from error
    if '=' in str(link):
        raise _refusal(directory, f'{top} has one, too')
    return link


def mappable_directory(directory: Path) -> Path:
    """Create this directory for a program that may resolve links, or a temporary one if its real path has `=`. Returns the one
    that was created, which the caller removes. Raises `StoreError`."""
    if '=' in os.path.realpath(directory):
        other = os.path.realpath(tempfile.mkdtemp(prefix='emroot-'))
        if '=' in other:
            os.rmdir(other)
            raise _refusal(directory, f'{other} has one, too')
        return Path(other)
    directory.mkdir(parents=True)
    return directory


def _refusal(directory: Path, why: str) -> StoreError:
    return StoreError(f'clang cannot map a path with `=` ({directory}), and no alias can be made: {why}',
                      hint='choose a home without `=` in its path with --home or EMROOT_HOME')
