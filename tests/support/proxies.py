"""A server of the Remote Execution API that passes on what it is asked to a real one, and is bad in one of many ways."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc

_Handler = Callable[..., Any]


@dataclass
class Proxy(grpc.GenericRpcHandler):
    """What is wrong with it (see `BAD`), and what it was asked."""

    channel: grpc.Channel
    bad: str | _Handler = ''
    port: int = 0
    asked: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """As gRPC wants it."""
        method = details.method
        self.asked.append(method.rpartition('/')[2])
        if method.endswith('/Read'):
            return grpc.unary_stream_rpc_method_handler(lambda request, context: self._read(method, request, context))
        if method.endswith('/Write'):
            return grpc.stream_unary_rpc_method_handler(
                lambda pieces, context: self._again(context, self.channel.stream_unary(method, bytes, bytes)(pieces)))
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._once(method, request, context))

    def _once(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            answer = self.channel.unary_unary(method, bytes, bytes)(request)
        except grpc.RpcError as error:
            context.abort(error.code(), '')
        return self._again(context, answer)

    def _again(self, context: grpc.ServicerContext, answer: bytes) -> bytes:
        handler = self.bad if callable(self.bad) else BAD.get(self.bad)
        return handler(self, context, answer) if handler else answer

    def _read(self, method: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        pieces = list(self.channel.unary_stream(method, bytes, bytes)(request))
        if self.bad == 'truncated':
            yield from pieces[:1]
        elif self.bad == 'endless':
            while context.is_active():
                yield from pieces
        elif self.bad == 'drip':
            yield pieces[0]
            self.closing.wait(300)
        else:
            for piece in pieces:
                yield self._again(context, piece)


def _abort(code: grpc.StatusCode) -> _Handler:
    return lambda _, context, __: context.abort(code, 'very-secret as it says itself')


def _hang(proxy: Proxy, _: grpc.ServicerContext, answer: bytes) -> bytes:
    proxy.closing.wait(300)
    return answer


def _other_bytes(_: Proxy, __: grpc.ServicerContext, answer: bytes) -> bytes:
    """Another content, in a message of the same shape: what libraries here begin with."""
    return answer.replace(b'clang', b'klang').replace(b'"sum"', b'"smu"').replace(b'\0' * 64, b'\1' * 64)


BAD: dict[str, _Handler] = {
    'unavailable': _abort(grpc.StatusCode.UNAVAILABLE),
    'unimplemented': _abort(grpc.StatusCode.UNIMPLEMENTED),
    'unauthenticated': _abort(grpc.StatusCode.UNAUTHENTICATED),
    'hang': _hang,
    'truncated': lambda _, __, answer: answer[:len(answer) // 2],
    'other bytes': _other_bytes,
    'no message': lambda *_: b'<html>Welcome to our guest network</html>',
    'empty': lambda *_: b'',
    'endless': lambda _, __, answer: answer * 100,
    'too large': lambda *_: bytes(8 << 20),
}


@contextlib.contextmanager
def proxy(behind: int) -> Iterator[Proxy]:
    """In front of the server at this port of the loopback, while the block runs."""
    options = [('grpc.max_send_message_length', -1), ('grpc.max_receive_message_length', -1), ('grpc.enable_http_proxy', 0)]
    with grpc.insecure_channel(f'127.0.0.1:{behind}', options) as channel:
        server = grpc.server(ThreadPoolExecutor(16), options=options)
        made = Proxy(channel)
        server.add_generic_rpc_handlers((made,))
        made.port = server.add_insecure_port('127.0.0.1:0')
        server.start()
        try:
            yield made
        finally:
            made.closing.set()
            server.stop(0).wait()
