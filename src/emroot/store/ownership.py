"""Whose a store is. What others can write to is not to be trusted: its content ends up in programs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import StoreError

#: Permissions of a store's directory: its owner's alone.
PRIVATE = 0o700


def refuse_foreign(root: Path) -> None:
    """Raise `StoreError` if the store belongs to somebody else who could change it (not on Windows)."""
    if not hasattr(os, 'geteuid'):
        return
    try:
        found = os.stat(root)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f'the store at {root} cannot be looked at: {error.strerror}',
                         hint='choose another home with --home or EMROOT_HOME') from error
    if found.st_uid not in (os.geteuid(), 0):
        raise StoreError(f'the store at {root} belongs to another user (uid {found.st_uid})',
                         hint='choose a home of your own with --home or EMROOT_HOME')
    if found.st_mode & 0o002:
        raise StoreError(f'the store at {root} can be written to by everybody', hint=f'chmod o-w {root}')


def refuse_links(folders: Iterable[Path]) -> None:
    """Raise `StoreError` if one of a store's own directories is a link: what is written there would land elsewhere."""
    for folder in folders:
        if os.path.islink(folder):
            raise StoreError(f'{folder} is a link, so that what belongs into the store would land elsewhere',
                             hint='delete the link; to have the store elsewhere, give that place with --home or EMROOT_HOME')
