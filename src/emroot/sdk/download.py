"""Downloads: resumed after interruptions, retried, and verified by sha256."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path

from ..errors import SdkError
from ..hashing import digest_file
from ..host.files import make_directories, remove, replace, temporary_name
from ..host.locks import Lock, try_lock
from ..host.retries import PASSING_STATUS, with_retries
from .steps import Report, silent

_CHUNK = 1 << 18
_NETWORK = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)
_CANNOT_RESUME = 'the server cannot resume the download'


class _StaleError(Exception):
    """The partial file does not match the file on the server: start again."""


def reachable(url: str, timeout: float = 4.0) -> str | None:
    """The reason why `url` does not answer at once; None if it does."""
    try:
        with _open(url, timeout, method='HEAD'):
            return None
    except (*_NETWORK, ValueError) as error:
        return _why(error)


def download(url: str, target: Path, *, sha256: str, what: str = '', report: Report = silent, attempts: int = 4,
             timeout: float = 60.0, pause: float = 1.0) -> Path:
    """Download `url` to the file `target`, and verify its sha256. A partial download stays in `<target>.part`,
    where a later call continues. Gives up after `attempts` without new data. Raises `SdkError`."""
    def whole(part: Path) -> str:
        _transfer_patiently(url, part, what, report, attempts, timeout, pause)
        return digest_file(part)

    make_directories(target.parent)
    with _part(target) as part:
        if _is_whole(target, sha256):
            os.truncate(part, 0)
            return target
        kept = part.stat().st_size > 0
        digest = whole(part)
        if digest != sha256 and kept:
            os.truncate(part, 0)  # what was kept may have been of something else: the whole once more
            digest = whole(part)
        if digest != sha256:
            os.truncate(part, 0)
            raise SdkError(f'{url} has the wrong content: its sha256 is {digest}, not {sha256}',
                           hint='try again later; if this error stays, the file on the server was changed')
        replace(part, target)
    return target


def _is_whole(target: Path, sha256: str) -> bool:
    try:
        return digest_file(target) == sha256
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _part(target: Path) -> Iterator[Path]:
    """The file to collect in: `<target>.part`, or one of our own while somebody else is at it. Without locks two
    processes can damage a partial file: then the sha256 differs, and both start again."""
    shared = target.with_name(f'{target.name}.part')
    finished = partial(_is_finished, shared)
    with try_lock(shared.with_name(f'{shared.name}.lock'), discard=finished) as lock:
        part = temporary_name(shared) if lock is Lock.BUSY else shared
        with open(part, 'ab'):
            pass
        try:
            yield part
        finally:
            with contextlib.suppress(OSError):
                if part is not shared or part.stat().st_size == 0:
                    remove(part)


def _is_finished(part: Path, lock: Lock) -> bool:
    return lock is Lock.HELD and not part.exists()


def _transfer_patiently(url: str, part: Path, what: str, report: Report, attempts: int, timeout: float, pause: float) -> None:
    failures = size = 0

    def once() -> None:
        nonlocal size
        size = part.stat().st_size
        _transfer(url, part, what, report, timeout)

    def pause_after(error: Exception) -> float | None:
        nonlocal failures
        if isinstance(error, _StaleError):
            os.truncate(part, 0)
        elif not isinstance(error, (*_NETWORK, ValueError)):
            return None
        failures = 1 if part.stat().st_size >= size + _CHUNK else failures + 1
        if failures >= attempts or not _is_passing(error):
            raise SdkError(f'{url} cannot be downloaded: {_why(error)}',
                           hint='check the network and its proxy settings, and run the command again; the '
                                'finished part is kept') from error
        return float(pause * 2 ** (failures - 1))
    with_retries(once, pause_after)


def _transfer(url: str, part: Path, what: str, report: Report, timeout: float) -> None:
    """One request, which continues after the content of `part`. Raises if the transfer ends early."""
    done = part.stat().st_size
    try:
        response = _open(url, timeout, {'Range': f'bytes={done}-'} if done else {})
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not done:
            raise
        length = re.fullmatch(r'bytes \*/(\d+)', error.headers.get('Content-Range', ''))
        if length and int(length.group(1)) == done:
            return  # all of it had arrived before
        raise _StaleError(_CANNOT_RESUME) from error
    with response, open(part, 'r+b') as sink:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            done = 0  # the server starts over
        elif not (response.headers.get('Content-Range') or '').startswith(f'bytes {done}-'):
            raise _StaleError(_CANNOT_RESUME)
        sink.truncate(done)
        sink.seek(done)
        expected = response.headers.get('Content-Length')
        total = done + int(expected) if expected else None
        while chunk := response.read(_CHUNK):
            sink.write(chunk)
            sink.flush()  # whoever is killed now keeps it
            done += len(chunk)
            report(what, done, total)
    if total is not None and done < total:
        raise http.client.IncompleteRead(b'', total - done)


def _open(url: str, timeout: float, headers: dict[str, str] | None = None, method: str = 'GET') -> http.client.HTTPResponse:
    """Send a request, through the proxies of the environment."""
    if not url.startswith(('http://', 'https://')):
        raise ValueError(f'{url!r} is not a web address')
    headers = {'User-Agent': 'emroot', **(headers or {})}
    request = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310 (checked above)
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310 (checked above)
    except urllib.error.HTTPError as error:
        error.close()
        raise
    return response


def _is_passing(error: Exception) -> bool:
    """Whether an error is temporary, so that a retry may help."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in PASSING_STATUS
    reason = getattr(error, 'reason', None)
    no_such_host = isinstance(reason, socket.gaierror) and reason.errno == socket.EAI_NONAME
    return not isinstance(error, ValueError) and not no_such_host


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f'the server answers {error.code} {error.reason}'
    if isinstance(error, http.client.IncompleteRead):
        return f'the connection ended {error.expected} bytes early'
    return str(getattr(error, 'reason', None) or error) or type(error).__name__
