"""How files get to and from a remote: what each transport can do, and what they share (`transports/` has them)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Protocol, TypeVar

from ..host.retries import with_retries
from ..store import Blob
from .errors import TransportError, Unavailable

#: Timeout of a server in seconds.
SILENCE = 3.0
#: Pauses before retries in seconds.
_PAUSES = (0.1, 0.4)
_T = TypeVar('_T')


def blob_name(blob: Blob) -> str:
    """The name of a blob: `cas/HEX`."""
    return f'cas/{blob.digest}'


class Transport(Protocol):
    """One thread's access to a remote. Names are `ac/HEX`, `cas/HEX` and `index.json`."""

    def get(self, name: str, sink: IO[bytes], limit: int) -> bool:
        """Write a file to the empty `sink`. False if it does not exist. Raises `TransportError`, also beyond `limit` bytes."""

    def put(self, name: str, content: bytes | Path, *, anew: bool = False) -> None:
        """Upload a file, atomically; with `anew`, replace an existing one. Raises `TransportError`."""

    def get_blobs(self, targets: Mapping[Blob, Path]) -> bool:
        """Download blobs, unverified. False if one does not exist. Raises `TransportError`."""

    def put_blobs(self, found: Mapping[Blob, Path]) -> None:
        """Upload blobs, each atomically. Raises `TransportError`."""

    def write_index(self) -> int | None:
        """List all records in `index.json`, for readers over the web; how many there are. None where the remote
        answers by itself what it has. Raises `TransportError`."""

    def abort(self) -> None:
        """Make another thread's current request fail soon."""


class UnbatchedMixin:
    """Blobs are transferred one by one, like other files."""

    def get_blobs(self: Transport, targets: Mapping[Blob, Path]) -> bool:
        for blob, file in targets.items():
            with open(file, 'wb') as sink:
                if not self.get(blob_name(blob), sink, blob.size):
                    return False
        return True

    def put_blobs(self: Transport, found: Mapping[Blob, Path]) -> None:
        for blob, file in found.items():
            self.put(blob_name(blob), file)


def ask_patiently(once: Callable[[], _T], reset: Callable[[], None], aborted: Callable[[], bool]) -> _T:
    """Run a request, with retries after temporary errors; `reset` is called after each error."""
    pauses = iter(_PAUSES)

    def pause_after(error: Exception) -> float | None:
        if isinstance(error, TransportError):
            reset()
        return next(pauses, None) if isinstance(error, Unavailable) and error.passing and not aborted() else None
    return with_retries(once, pause_after)
