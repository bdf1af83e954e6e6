"""Downloads that survive interruptions: resumed where they stopped, tried again, and believed only by their sha256."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from ..canonical import digest_file
from ..errors import SdkError
from ..files import remove, replace
from .providers import Report, silent

_CHUNK = 1 << 18
_NETWORK = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)
#: What a server says when it is worth asking again.
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class _Restart(Exception):
    """What was kept of an earlier transfer does not fit: begin again."""


def reachable(url: str, timeout: float = 4.0) -> str | None:
    """Why `url` does not answer at once; None if it does."""
    try:
        with urllib.request.urlopen(_request(url, method='HEAD'), timeout=timeout):
            return None
    except (*_NETWORK, ValueError) as error:
        return _why(error)


def download(url: str, target: Path, *, sha256: str, what: str = '', report: Report = silent, attempts: int = 5,
             timeout: float = 60.0, pause: float = 1.0) -> Path:
    """Get `url` as the file `target`, whose content has that sha256.

    What arrives is kept in `<target>.part`, from which a later call goes on. Raises `SdkError`.
    """
    if target.is_file() and digest_file(target) == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _part(target) as part:
        resumed = part.stat().st_size > 0
        _transfer_patiently(url, part, what, report, attempts, timeout, pause)
        if resumed and digest_file(part) != sha256:
            os.truncate(part, 0)  # what was kept may be of another file: the whole once more
            _transfer_patiently(url, part, what, report, attempts, timeout, pause)
        if (digest := digest_file(part)) != sha256:
            os.truncate(part, 0)
            raise SdkError(f'{url} is not what it should be: its sha256 is {digest}, not {sha256}',
                           mend='try again later; if it stays so, what is offered there has been changed')
        replace(part, target)
    return target


@contextlib.contextmanager
def _part(target: Path) -> Iterator[Path]:
    """The file to collect in: `<target>.part`, or one of our own while another process is at it."""
    part = target.with_name(target.name + '.part')
    with open(part, 'ab') as held:
        if _lock(held.fileno()):
            yield part
            return
    own = target.with_name(f'{target.name}.{os.getpid()}.part')
    try:
        own.write_bytes(b'')
        yield own
    finally:
        remove(own)


def _lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _transfer_patiently(url: str, part: Path, what: str, report: Report, attempts: int, timeout: float,
                        pause: float) -> None:
    for attempt in range(1, attempts + 1):
        before = part.stat().st_size
        try:
            return _transfer(url, part, what, report, timeout)
        except _Restart:
            os.truncate(part, 0)
        except (*_NETWORK, ValueError) as error:
            passing = not isinstance(error, urllib.error.HTTPError) or error.code in _PASSING
            if attempt == attempts or not passing or isinstance(error, ValueError):
                raise SdkError(f'{url} cannot be downloaded: {_why(error)}',
                               mend='check the network and its proxy settings; what was downloaded is kept, so run the '
                                    'command again') from error
            if part.stat().st_size <= before:
                time.sleep(pause * 2 ** (attempt - 1))
    raise SdkError(f'{url} cannot be downloaded: it never arrived whole', mend='run the command again')


def _transfer(url: str, part: Path, what: str, report: Report, timeout: float) -> None:
    """One request; goes on from what `part` holds. Raises if the transfer ends early."""
    done = part.stat().st_size
    try:
        response = urllib.request.urlopen(_request(url, {'Range': f'bytes={done}-'} if done else {}), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not done:
            raise
        whole = re.fullmatch(r'bytes \*/(\d+)', error.headers.get('Content-Range', ''))
        if whole and int(whole.group(1)) == done:
            return  # all of it had arrived before
        raise _Restart from error
    with response, open(part, 'r+b') as sink:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            done = 0  # the server starts over
        elif not (response.headers.get('Content-Range') or '').startswith(f'bytes {done}-'):
            raise _Restart
        sink.truncate(done)
        sink.seek(done)
        length = response.headers.get('Content-Length')
        total = done + int(length) if length else None
        while chunk := response.read(_CHUNK):
            sink.write(chunk)
            done += len(chunk)
            report(what, done, total)
    if total is not None and done < total:
        raise http.client.IncompleteRead(b'', total - done)


def _request(url: str, headers: dict[str, str] | None = None, method: str = 'GET') -> urllib.request.Request:
    if not url.startswith(('http://', 'https://')):
        raise ValueError(f'{url!r} is no web address')
    return urllib.request.Request(url, headers={'User-Agent': 'emroot', **(headers or {})}, method=method)  # noqa: S310


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f'the server says {error.code} {error.reason}'
    reason = getattr(error, 'reason', None) or error
    return str(reason) or type(error).__name__
