"""The circuit breaker of a remote: one that costs time is no longer used, with one warning."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from .errors import AccessDenied, InvalidResponse, TransportError
from .remote_spec import HEADER

#: The number of invalid answers after which the remote is no longer used: one may be a damaged file.
_WRONG_ANSWERS = 3


class CircuitBreaker:
    """Open once the remote is no longer used. Thread-safe."""

    def __init__(self, url: str, secrets: Callable[[], Iterable[str]], warn: Callable[[str], None],
                 note: Callable[[str], None]) -> None:
        self._url, self._secrets, self._warn, self._note = url, secrets, warn, note
        self._lock = threading.Lock()
        self._wrong = self._failures = 0
        self.open = False
        self.refused = False

    def record_failure(self, error: TransportError) -> None:
        """Record an error: warn at the first one, and decide whether to continue."""
        text = str(error)
        for secret in self._secrets():
            text = text.replace(secret, '...')
        with self._lock:
            self._failures += 1
            self._wrong += isinstance(error, InvalidResponse)
            was_open, self.open = self.open, self.open or not isinstance(error, InvalidResponse) or self._wrong >= _WRONG_ANSWERS
            self.refused = self.refused or isinstance(error, AccessDenied)
            first, ends = self._failures == 1, self.open and not was_open
        if first:
            header = f'; set {HEADER} to the header that it requires, for example `Authorization: Bearer ...`'
            hint = header if self.refused else ''
            self._warn(f'remote {self._url}: {text}; the build continues without {"it" if ends else "that"}{hint}')
        elif not was_open:
            self._note(f'remote {self._url}: {text}{"; it is no longer used" if ends else ""}')
