"""Putting a cache directory together of what is among an action's inputs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from ..sdk_layout import path_in_cache


def fill_cache(cache: Path, files: Iterable[str]) -> None:
    """Put libraries, ports and headers where emcc looks for them."""
    (cache / 'sysroot' / 'lib').mkdir(parents=True, exist_ok=True)
    (cache / 'sysroot' / 'include').mkdir(exist_ok=True)
    (cache / 'sysroot_install.stamp').write_text('x', encoding='utf-8')
    add_files(cache, files, put)


def add_files(cache: Path, files: Iterable[str], put_file: Callable[[str, str], object]) -> None:
    """Put files where their paths say, and the content of directories at the top of the cache; `put_file` links or copies one."""
    for file in files:
        source = Path(file).absolute()
        if source.is_dir():
            shutil.copytree(source, cache, dirs_exist_ok=True, copy_function=put_file)
        else:
            target = cache / path_in_cache(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            put_file(str(source), str(target))


def link_headers(cache: Path, headers: Path) -> None:
    """Add the headers to the cache of an emcc that may also compile, if they are among the inputs."""
    include = cache / 'sysroot' / 'include'
    if headers.is_dir() and not any(include.iterdir()):
        include.rmdir()
        include.symlink_to(headers / 'sysroot' / 'include', target_is_directory=True)
    elif headers.is_dir():
        fill_cache(cache, [str(headers)])


def in_cache(cache: Path) -> set[str]:
    """Paths of the libraries in a cache."""
    return {path.relative_to(cache).as_posix() for path in (cache / 'sysroot' / 'lib').rglob('*')}


def put(source: str, target: str) -> None:
    """Link or copy `source` to `target`, unless it exists."""
    try:
        os.symlink(source, target)
    except FileExistsError:  # ports that need the same one have it both; writing would go through the link
        return
    except OSError:
        shutil.copytree(source, target) if os.path.isdir(source) else shutil.copyfile(source, target)
