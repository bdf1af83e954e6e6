"""A web server on the loopback that can be unreliable on request."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    method: str
    path: str
    range: str | None


@dataclass
class Server:
    """Files by path, and what is to go wrong with the next requests for them."""

    files: dict[str, bytes]
    cut_after: list[int] = field(default_factory=list)
    """For one GET after the other: how many bytes to send before the connection breaks."""
    refuse: list[int] = field(default_factory=list)
    """For one GET after the other: the status to answer with."""
    ranges: bool = True
    url: str = ''
    requests: list[Request] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Serve one request."""
        asked = handler.headers.get('Range')
        self.requests.append(Request(handler.command, handler.path, asked))
        if self.refuse and handler.command == 'GET':
            handler.send_error(self.refuse.pop(0))
            return
        content = self.files.get(handler.path)
        if content is None:
            handler.send_error(404)
            return
        begin = int(re.sub(r'\D', '', asked)) if asked and self.ranges else 0
        if begin and begin >= len(content):
            handler.send_response(416)
            handler.send_header('Content-Range', f'bytes */{len(content)}')
            handler.send_header('Content-Length', '0')
            handler.end_headers()
            return
        handler.send_response(206 if begin else 200)
        if begin:
            handler.send_header('Content-Range', f'bytes {begin}-{len(content) - 1}/{len(content)}')
        handler.send_header('Content-Length', str(len(content) - begin))
        handler.end_headers()
        if handler.command == 'GET':
            cut = self.cut_after.pop(0) if self.cut_after else len(content)
            handler.wfile.write(content[begin:begin + cut])


@contextlib.contextmanager
def listening(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address at which it is asked while the block runs. Clients may go away at any moment."""
    class Listening(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Be quiet."""

    with mock.patch.dict(os.environ, no_proxy='127.0.0.1'), Listening(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def serving(files: dict[str, bytes], **faults: object) -> Iterator[Server]:
    """Serve `files` while the block runs."""
    server = Server(files, **faults)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        do_HEAD = do_GET  # noqa: N815 (http.server's name)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with listening(Handler) as server.url:
        yield server
