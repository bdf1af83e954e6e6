"""A remote in a directory: on a shared disk, or published by a web server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ...host.files import atomic_write
from ..action_cache import INDEX, encode_index
from ..errors import InvalidResponse, Unavailable
from ..transport import UnbatchedMixin

_CHUNK = 1 << 20


class DirectoryTransport(UnbatchedMixin):
    """Plain files named by content, which never change, but for the index and added signatures."""

    def __init__(self, path: str, headers: Mapping[str, str] | None = None) -> None:
        self._top = Path(path)

    def get(self, name: str, sink: IO[bytes], limit: int) -> bool:
        if name == INDEX:  # not read: whether a file exists is visible
            if not self._top.is_dir():
                raise Unavailable('there is no such directory')
            return False
        try:
            with open(self._top / name, 'rb') as f:
                if os.fstat(f.fileno()).st_size > limit:
                    raise InvalidResponse(f'its {name} is longer than expected')
                shutil.copyfileobj(f, sink, _CHUNK)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unavailable(f'{name} cannot be read: {error.strerror}') from error
        return True

    def put(self, name: str, content: bytes | Path, *, anew: bool = False) -> None:
        path = self._top / name
        if not anew and path.exists():
            return
        try:
            with atomic_write(path) as temporary:
                if isinstance(content, bytes):
                    temporary.write_bytes(content)
                else:
                    shutil.copyfile(content, temporary)
                os.chmod(temporary, 0o644)
        except OSError as error:
            raise Unavailable(f'{name} cannot be written: {error.strerror}') from error

    def abort(self) -> None:
        """A hanging disk cannot be interrupted."""

    def write_index(self) -> int:
        try:
            records = [name for name in os.listdir(self._top / 'ac') if not name.startswith('.')]
        except OSError as error:
            raise Unavailable(f'its records cannot be listed: {error.strerror}') from error
        self.put(INDEX, encode_index(records), anew=True)
        return len(records)
