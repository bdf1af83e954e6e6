"""What can go wrong on the way to a remote and back."""

from __future__ import annotations


class TransportError(Exception):
    """An error of a remote. The text completes a sentence that begins with the name of the remote."""


class Unavailable(TransportError):
    """The remote cannot be reached, or does not answer like a server of its kind."""

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing
        """Whether a retry may help."""


class AccessDenied(TransportError):
    """The remote requires credentials, or denies access."""


class InvalidResponse(TransportError):
    """The remote answers with invalid data."""

    def __init__(self, why: str, *, status: int = 0) -> None:
        super().__init__(why)
        self.status = status
        """The HTTP status, if that is the error."""
