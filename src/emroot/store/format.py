"""The format of a store, and the check of it."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from .. import schemas
from ..errors import StoreError, from_os_error
from ..host.files import make_directories, read_file, write_text
from ..host.home import read_json
from ..host.permissions import PRIVATE, refuse_links, require_owned
from .records import list_records, unseal

FOLDERS = ('blobs', 'records', 'trees', 'tmp', 'locks', 'damaged')


def prepare_store(root: Path) -> None:
    """Create a store, or check its format. Raises `StoreError` if it cannot be written to or has another format."""
    require_owned(root, FOLDERS)
    refuse_links(root / name for name in FOLDERS)
    version = root / 'VERSION'
    hint = 'use another home (EMROOT_HOME), or delete that directory: it is a cache'
    try:
        os.lstat(version)
        content = read_file(version)
    except FileNotFoundError:
        content = b''
    except OSError as error:  # another user's
        raise from_os_error(error, 'preparing the store') from error
    if content is None:
        raise StoreError(f'the format of the store at {root} cannot be read: {version} is not a readable file', hint=hint)
    found = content[:20].decode(errors='replace').strip()
    if found == str(schemas.STORE):
        return
    if found.isdecimal() or not _is_of_this_version(root):
        raise StoreError(f'the store at {root} has format {found!r}, but this emroot reads {schemas.STORE}', hint=hint)
    try:
        make_directories(root)
        os.chmod(root, PRIVATE)
        write_text(version, f'{schemas.STORE}\n', durable=True)
    except OSError as error:
        raise from_os_error(error, 'preparing the store') from error


def _is_of_this_version(root: Path) -> bool:
    """Whether a store without a version (a power failure may leave an empty file) is new, or has a record like ours."""
    records = list(itertools.islice(list_records(root), 100))
    if not records:
        return not any(os.path.lexists(root / name) for name in ('blobs', 'trees', 'records'))
    return any(unseal(read_json(path), kind, key) for kind, key, path in records)
