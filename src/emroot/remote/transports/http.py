"""A remote on a web server: persistent connections, retries, redirects."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import socket
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import IO
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from ...host.retries import PASSING_STATUS
from ..errors import AccessDenied, InvalidResponse, TransportError, Unavailable
from ..transport import SILENCE, UnbatchedMixin, ask_patiently

_REFUSED = {401, 403, 407}
_REDIRECTS = {301, 302, 303, 307, 308}
_HOPS = 3
_CHUNK = 1 << 16


class HttpTransport(UnbatchedMixin):
    """One thread's connections to a server and to the targets of its redirects."""

    def __init__(self, url: str, headers: Mapping[str, str], silence: float = SILENCE) -> None:
        self._url, self._headers, self._silence = url, headers, silence
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._aborted = False

    def get(self, name: str, sink: IO[bytes], limit: int) -> bool:
        def once() -> bool:
            sink.seek(0)
            sink.truncate()
            return self._get(f'{self._url}/{name}', sink, limit)
        return ask_patiently(once, self._close, lambda: self._aborted)

    def put(self, name: str, content: bytes | Path, *, anew: bool = False) -> None:
        ask_patiently(lambda: self._put(f'{self._url}/{name}', content), self._close, lambda: self._aborted)

    def write_index(self) -> None:
        """The server may be any cache of Bazel's: it keeps no index."""

    def abort(self) -> None:
        self._aborted = True
        for connection in list(self._connections.values()):
            with contextlib.suppress(OSError, AttributeError):  # it may be closed at this very moment
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _get(self, url: str, sink: IO[bytes], limit: int) -> bool:
        for _ in range(_HOPS + 1):
            with self._talking():
                response = self._ask('GET', url)
                if response.status not in _REDIRECTS:
                    return self._read(response, sink, limit)
                response.read(limit)
                url = self._next(url, response.getheader('Location', ''))
        raise InvalidResponse('too many redirects')

    def _read(self, response: http.client.HTTPResponse, sink: IO[bytes], limit: int) -> bool:
        if response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            response.read(limit)
            return False
        _check(response)
        expected = response.length
        if expected is not None and expected > limit:
            raise InvalidResponse('it sends more data than expected')
        done = 0
        while chunk := response.read(_CHUNK):
            done += len(chunk)
            if done > limit:
                raise InvalidResponse('it sends more data than expected')
            sink.write(chunk)
        if expected is not None and done < expected:
            raise Unavailable(f'the connection ended {expected - done} bytes early', passing=True)
        return True

    def _put(self, url: str, content: bytes | Path) -> None:
        with self._talking(), contextlib.ExitStack() as stack:
            size = len(content) if isinstance(content, bytes) else os.stat(content).st_size
            body = content if isinstance(content, bytes) else stack.enter_context(open(content, 'rb'))
            response = self._ask('PUT', url, body, {'Content-Length': str(size), 'Content-Type': 'application/octet-stream'})
            response.read(_CHUNK)
            _check(response)

    def _ask(self, method: str, url: str, body: bytes | IO[bytes] | None = None,
             more: Mapping[str, str] | None = None) -> http.client.HTTPResponse:
        parts, own = urlsplit(url), urlsplit(self._url)
        secret = self._headers if (parts.scheme, parts.netloc) == (own.scheme, own.netloc) else {}
        connection, target, proxied = self._connection(parts)
        connection.request(method, target, body, {'User-Agent': 'emroot', 'Accept-Encoding': 'identity', **proxied, **secret,
                                                  **(more or {})})
        return connection.getresponse()

    def _connection(self, parts: SplitResult) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
        """The connection for an address, the request target, and headers for a proxy."""
        target = parts.path + (f'?{parts.query}' if parts.query else '')
        host = parts.hostname or ''
        proxy = urlsplit(getproxies().get(parts.scheme, '')) if not proxy_bypass(host) else None
        through = proxy if proxy and proxy.hostname else None
        proxied = _proxy_headers(through) if through else {}
        name = f'{parts.scheme}://{parts.netloc}'
        if name not in self._connections:
            make = http.client.HTTPSConnection if parts.scheme == 'https' else http.client.HTTPConnection
            at = through or parts
            self._connections[name] = make(at.hostname or '', at.port, timeout=self._silence)
            if through and parts.scheme == 'https':
                self._connections[name].set_tunnel(host, parts.port, proxied)
        if through and parts.scheme == 'http':
            return self._connections[name], parts.geturl(), proxied
        return self._connections[name], target or '/', {}

    def _next(self, url: str, location: str) -> str:
        there = urljoin(url, location)
        parts = urlsplit(there)
        if not location or parts.scheme not in ('http', 'https') or (parts.scheme, urlsplit(url).scheme) == ('http', 'https'):
            raise InvalidResponse('it redirects to an address that is not a web server')
        return there

    @contextlib.contextmanager
    def _talking(self) -> Iterator[None]:
        """Translate network errors of the block to `TransportError`."""
        try:
            yield
        except TransportError:
            raise
        except TimeoutError as error:
            raise Unavailable('it does not answer') from error
        except socket.gaierror as error:
            raise Unavailable(f'its host name cannot be resolved ({error.strerror})') from error
        except http.client.IncompleteRead as error:
            raise Unavailable('the connection ended early', passing=True) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = getattr(error, 'strerror', None) or type(error).__name__
            raise Unavailable(f'it cannot be reached ({why})', passing=True) from error

    def _close(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()


def _check(response: http.client.HTTPResponse) -> None:
    """Raise `TransportError` for an error status."""
    text = f'it answers {response.status}'
    if response.status in _REFUSED:
        raise AccessDenied(text)
    if response.status in PASSING_STATUS:
        raise Unavailable(text, passing=True)
    if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        raise InvalidResponse(text, status=response.status)


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f'{unquote(proxy.username)}:{unquote(proxy.password or "")}'
    return {'Proxy-Authorization': f'Basic {base64.b64encode(pair.encode()).decode()}'}
