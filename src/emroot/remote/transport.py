"""How files get to and from a remote, and what can go wrong on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, TypeVar

from ..store import Blob

if TYPE_CHECKING:
    from .remote_spec import RemoteSpec

#: Seconds that a server may be silent.
SILENCE = 3.0
#: Seconds before asking again.
_PAUSES = (0.1, 0.4)
_T = TypeVar('_T')


class TransportError(Exception):
    """What went wrong, as the end of a sentence that begins with the remote's name."""


class Unavailable(TransportError):
    """The remote cannot be reached, or does not answer as a server should."""

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing
        """Whether asking again may help."""


class AccessDenied(TransportError):
    """The remote wants to be told who asks, or does not let them."""


class InvalidResponse(TransportError):
    """The remote answers, with something that is not what was asked for."""

    def __init__(self, why: str, *, status: int = 0) -> None:
        super().__init__(why)
        self.status = status
        """HTTP's, if it is that which is wrong."""


def blob_name(blob: Blob) -> str:
    """Where a blob lies: `cas/HEX`."""
    return f'cas/{blob.digest}'


class _Files(Protocol):
    def get(self, name: str, sink: IO[bytes], limit: int) -> bool: ...

    def put(self, name: str, content: bytes | Path) -> None: ...


class Transport(Protocol):
    """One thread's way to a remote. Names are `ac/HEX`, `cas/HEX` and `index.json`; blobs are those of `cas/`."""

    def get(self, name: str, sink: IO[bytes], limit: int) -> bool:
        """Write a file's content to the empty `sink`; false if there is none. Raises `TransportError`, also beyond `limit`
        bytes.
        """

    def put(self, name: str, content: bytes | Path, *, anew: bool = False) -> None:
        """Make a file appear, whole; `anew`, also instead of one that is there. Raises `TransportError`."""

    def get_blobs(self, wanted: Mapping[Blob, Path]) -> bool:
        """Write blobs to files, whose content is for the caller to compare; false if one is not there. Raises
        `TransportError`.
        """

    def put_blobs(self, found: Mapping[Blob, Path]) -> None:
        """Make blobs appear, each whole. Raises `TransportError`."""

    def abort(self) -> None:
        """Have whatever another thread is at in here fail soon."""


class UnbatchedMixin:
    """Blobs are files like any other."""

    def get_blobs(self: _Files, wanted: Mapping[Blob, Path]) -> bool:
        """See `Transport`."""
        for blob, file in wanted.items():
            with open(file, 'wb') as sink:
                if not self.get(blob_name(blob), sink, blob.size):
                    return False
        return True

    def put_blobs(self: _Files, found: Mapping[Blob, Path]) -> None:
        """See `Transport`."""
        for blob, file in found.items():
            self.put(blob_name(blob), file)


def with_retries(once: Callable[[], _T], reset: Callable[[], None], aborted: Callable[[], bool]) -> _T:
    """Do something that is asked of a server, again where that may help; `reset` comes after whatever went wrong."""
    for pause in (*_PAUSES, None):
        try:
            return once()
        except Unavailable as error:
            reset()
            if not error.passing or pause is None or aborted():
                raise
            time.sleep(pause)
        except TransportError:
            reset()
            raise
    raise AssertionError('the last pause ends it')


def open_transport(spec: RemoteSpec) -> Transport:
    """A way to a remote. Raises `Unavailable` if nobody knows what it wants to hear."""
    if spec.kind == 'web':
        from .http_transport import HttpTransport
        return HttpTransport(spec.url, spec.credentials.headers())
    if spec.kind == 'reapi':
        from .grpc_transport import GrpcTransport
        return GrpcTransport(spec.url, spec.credentials.headers())
    from .directory_transport import DirectoryTransport
    return DirectoryTransport(Path(spec.url))
