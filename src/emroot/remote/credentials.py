"""Authentication headers for a remote, from the environment or from a helper that speaks Bazel's protocol
(https://github.com/EngFlow/credential-helper-spec): started as `PROGRAM get`, it gets `{"uri": "https://..."}` on
standard input and answers `{"headers": {"Authorization": ["Bearer ..."]}}`."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping

from ..host.home import parse_json
from ..host.programs import find_program
from .errors import Unavailable

#: The variable with the helper.
HELPER = 'EMROOT_CREDENTIAL_HELPER'
#: Timeout of the helper in seconds.
_PATIENCE = 10.0
_LARGEST = 1 << 20


class Credentials:
    """The headers for one remote. They are never printed; `secrets` are removed from all output."""

    def __init__(self, uri: str, headers: Mapping[str, str], helper: str = '') -> None:
        self._uri, self._headers, self._helper = uri, dict(headers), helper
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return 'Credentials(...)'

    @property
    def has_some(self) -> bool:
        """Whether there are headers, or a helper for them."""
        return bool(self._headers or self._helper)

    @property
    def secrets(self) -> list[str]:
        """All secrets known so far: header values, and their words."""
        words = [word for value in self._headers.values() for word in value.split() if len(word) > 5]
        return sorted({*self._headers.values(), *words} - {''}, key=len, reverse=True)

    def headers(self) -> dict[str, str]:
        """The headers to send. The helper is started once. Raises `Unavailable` if it gives no headers."""
        with self._lock:
            if self._helper:
                self._headers = {**self._ask(), **self._headers}
                self._helper = ''
            return dict(self._headers)

    def _ask(self) -> dict[str, str]:
        """The headers from the helper. Its standard error is discarded, because it may contain secrets."""
        program = find_program(self._helper)
        if program is None:
            raise Unavailable(f'its credential helper is not a program ({HELPER})')
        try:
            done = subprocess.run([program, 'get'], input=json.dumps({'uri': self._uri}).encode(), stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise Unavailable(f'its credential helper does not answer ({HELPER})') from None
        except OSError as error:
            raise Unavailable(f'its credential helper cannot be started: {error.strerror} ({HELPER})') from error
        found = _read(done.stdout[:_LARGEST]) if done.returncode == 0 else None
        if found is None:
            raise Unavailable(f'its credential helper gives no valid answer, exit code {done.returncode} ({HELPER})')
        return found


def _read(answer: bytes) -> dict[str, str] | None:
    """The headers in a helper's answer; None if it is invalid."""
    document = parse_json(answer)
    pairs = document.get('headers') or {} if document is not None else None
    if not isinstance(pairs, dict) or not all(
            isinstance(values, list) and values and all(isinstance(v, str) and v.isprintable() for v in values)
            and name.replace('-', '').isalnum() for name, values in pairs.items()):
        return None
    return {name: ', '.join(values) for name, values in pairs.items()}
