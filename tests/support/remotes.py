"""A remote cache on the loopback: good, or bad in one of the ways in which remotes are bad."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from .http_server import listening
from .running import Emroot

#: What is built with a remote here, and the environment that asks a remote on this machine without hurry.
TARGETS = ('libone', 'crt1', 'libcxx')
PLAIN = {'no_proxy': '127.0.0.1', 'EMROOT_REMOTE_WAIT': '60'}


@dataclass
class RemoteCache:
    """What it holds by path, what it was asked, and what is wrong with it (see `BAD`)."""

    files: dict[str, bytes] = field(default_factory=dict)
    bad: str = ''
    token: str = ''
    """What the header Authorization has to say."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    heard: list[str | None] = field(default_factory=list)
    """The header Authorization of each request."""
    url: str = ''
    closing: threading.Event = field(default_factory=threading.Event)


def _reset(handler: BaseHTTPRequestHandler, _: RemoteCache, __: bytes) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    handler.connection.close()


def _say(handler: BaseHTTPRequestHandler, status: int, content: bytes, *, length: int | None = None, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header('Content-Length', str(len(content) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    with contextlib.suppress(OSError):
        handler.wfile.write(content)


def _drip(handler: BaseHTTPRequestHandler, cache: RemoteCache, content: bytes) -> None:
    with contextlib.suppress(OSError):
        handler.wfile.write(b'HTTP/1.1 200 OK\r\n')
        while not cache.closing.wait(0.2):
            handler.wfile.write(b'X')


def _hang(handler: BaseHTTPRequestHandler, cache: RemoteCache, _: bytes) -> None:
    cache.closing.wait(300)


def _cut(handler: BaseHTTPRequestHandler, _: RemoteCache, content: bytes) -> None:
    _say(handler, 200, content[:len(content) // 2], length=len(content))
    handler.close_connection = True


#: Each answers a GET for something that is there.
BAD = {
    'reset': _reset,
    '500': lambda handler, *_: _say(handler, 500, b'sorry'),
    '401': lambda handler, *_: _say(handler, 401, b'who?'),
    'drip': _drip,
    'hang': _hang,
    'truncated': _cut,
    'wrong bytes': lambda handler, _, content: _say(handler, 200, bytes(b ^ 1 for b in content)),
    'wrong type': lambda handler, *_: _say(handler, 200, b'<html>Welcome to our guest network</html>'),
    'endless': lambda handler, _, content: _say(handler, 200, content * 1000),
    'redirect loop': lambda handler, *_: _say(handler, 302, b'', Location=handler.path),
}


@contextlib.contextmanager
def remote_cache(**given: object) -> Iterator[RemoteCache]:
    """Serve while the block runs."""
    cache = RemoteCache(**given)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_GET(self) -> None:
            cache.asked.append(('GET', self.path))
            cache.heard.append(self.headers.get('Authorization'))
            content = cache.files.get(self.path)
            if cache.token and cache.heard[-1] != cache.token:
                _say(self, 401, b'who?')
            elif cache.bad and (content is not None or cache.bad not in ('truncated', 'wrong bytes', 'endless')):
                BAD[cache.bad](self, cache, content or b'')
            else:
                _say(self, 404 if content is None else 200, content or b'')

        def do_PUT(self) -> None:
            cache.asked.append(('PUT', self.path))
            content = self.rfile.read(int(self.headers['Content-Length']))
            if cache.token and self.headers.get('Authorization') != cache.token:
                _say(self, 403, b'no')
                return
            cache.files[self.path] = content
            _say(self, 201, b'')

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with listening(Handler) as address:
        cache.url = f'{address}/cache'
        try:
            yield cache
        finally:
            cache.closing.set()


def build_with(emroot: Emroot, remote: str, *, code: int = 0, **env: str) -> tuple[dict[str, Any], str]:
    """What a build of `TARGETS` with this remote printed, and what it said besides."""
    ran = emroot('build', '--json', '--targets', ','.join(TARGETS), '--remote', remote, env={**PLAIN, **env})
    assert ran.code == code, ran.err
    return ran.json, ran.err


def nobody_there() -> str:
    """An address at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return f'http://127.0.0.1:{taken.getsockname()[1]}/cache'
