"""Ownership of a home. One that others can write to is refused: it names programs."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import StoreError
from .quoting import quoted

if TYPE_CHECKING:  # help does without
    from pathlib import Path

#: Permissions of a store: its owner only.
PRIVATE = 0o700
#: Write permissions of group and others.
OTHERS = 0o022
_EVERYBODY = 0o002
_CHOOSE = 'choose a home of your own with --home or EMROOT_HOME'


#: The original umask, for programs that run for the user; -1 before `restrict_umask`.
given_umask = -1


def restrict_umask() -> None:
    """From now on this process and its children create nothing that others may write to."""
    global given_umask
    if os.name == 'posix' and given_umask == -1:
        given_umask = os.umask(OTHERS)
        os.umask(given_umask | OTHERS)


def require_owned(home: Path, parts: Iterable[str]) -> None:
    """Raise `StoreError` if a home, or a part of it, belongs to another user or is writable by others. If only a
    group may write, as with a umask of 002, the permission is removed, unless another user left a file there."""
    if not hasattr(os, 'geteuid'):  # Windows
        return
    trusted = (os.geteuid(), 0)
    for path in (home, *(home / part for part in parts)):
        try:
            found = os.stat(path)
        except OSError:  # it is not there, or nothing in it can be read
            continue
        if found.st_uid not in trusted:
            raise StoreError(f'{path} belongs to another user (uid {found.st_uid}), who could make emroot run any program',
                             hint=_CHOOSE)
        if found.st_mode & _EVERYBODY or (found.st_mode & OTHERS and found.st_uid != trusted[0]):
            raise StoreError(f'{path} is writable by others, who could make emroot run and link anything',
                             hint=f'delete {home} (it is a cache); or, if nobody changed it: chmod -R go-w {quoted(home)}')
        if found.st_mode & OTHERS:
            _withdraw(home, trusted)


def _withdraw(home: Path, trusted: tuple[int, int]) -> None:
    """Remove the group's write permission from everything in a home, unless another user used it."""
    everything = [(path, os.lstat(path)) for folder, _, names in os.walk(home)
                  for path in (folder, *(os.path.join(folder, name) for name in names)) if os.path.lexists(path)]
    for path, found in everything:  # before anything is changed: what is refused now is refused the next time
        if found.st_uid not in trusted:
            raise StoreError(f'{path} belongs to another user (uid {found.st_uid}), in a home that is writable by a group',
                             hint=f'delete {home}: it is a cache; or {_CHOOSE}')
    for path, found in everything:
        if found.st_uid == trusted[0] and found.st_mode & OTHERS and not stat.S_ISLNK(found.st_mode):
            with contextlib.suppress(FileNotFoundError):
                os.chmod(path, stat.S_IMODE(found.st_mode) & ~OTHERS)


def refuse_links(folders: Iterable[Path]) -> None:
    """Raise `StoreError` if one of the store's own directories is a link, which leads elsewhere."""
    for folder in folders:
        if os.path.islink(folder):
            raise StoreError(f'{folder} is a link: files of the store would be written elsewhere',
                             hint='delete the link; to move the store, use --home or EMROOT_HOME')
