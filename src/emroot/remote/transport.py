"""How files get to and from a remote, and what can go wrong on the way."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Protocol

from .address import Address


class Trouble(Exception):
    """What went wrong, as the end of a sentence that begins with the remote's name."""


class Unavailable(Trouble):
    """The remote cannot be reached, or does not answer as a server should."""

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing
        """Whether asking again may help."""


class Refused(Trouble):
    """The remote wants to be told who asks, or does not let them."""


class Wrong(Trouble):
    """The remote answers, with something that is not what was asked for."""

    def __init__(self, why: str, *, status: int = 0) -> None:
        super().__init__(why)
        self.status = status
        """HTTP's, if it is that which is wrong."""


class Transport(Protocol):
    """One thread's way to a remote. Names are `ac/HEX`, `cas/HEX` and `index.json`."""

    def get(self, name: str, sink: IO[bytes], limit: int) -> bool:
        """Write a file's content to the empty `sink`; false if there is none. Raises `Trouble`, also beyond `limit` bytes."""

    def put(self, name: str, content: bytes | Path) -> None:
        """Make a file appear, whole. Raises `Trouble`."""

    def abort(self) -> None:
        """Have whatever another thread is at in here fail soon."""


def open_transport(address: Address) -> Transport:
    """A way to a remote."""
    if address.is_web:
        from .web import Web
        return Web(address.place, address.headers)
    from .directory import Directory
    return Directory(Path(address.place))
