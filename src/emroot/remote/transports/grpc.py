"""A remote with the Remote Execution API (https://github.com/bazelbuild/remote-apis), over gRPC, which the extra
`emroot[reapi]` installs. A record is the result of an action whose digest is the record's name."""

from __future__ import annotations

import contextlib
import os
import ssl
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

os.environ.setdefault('GRPC_VERBOSITY', 'NONE')  # it would say on standard error what is said as one warning
import grpc

from ...store import Blob
from .. import protobuf
from ..action_cache import INDEX, STDERR_RAW, STDOUT_RAW, digest_message
from ..errors import AccessDenied, InvalidResponse, TransportError, Unavailable
from ..transport import SILENCE, ask_patiently
from . import reapi_messages as reapi

#: Fields of a result that a server may store as separate blobs.
_APART = {STDOUT_RAW: 6, STDERR_RAW: 8}
#: The maximum size of a batch in bytes: gRPC's limit, less overhead. A server may have a lower limit.
_BATCH = 3 << 20
#: The minimum rate of a long transfer in bytes per second.
_SLOWEST = 1 << 14
_T = TypeVar('_T')
_MEANING: dict[Any, Callable[[str], TransportError]] = {
    grpc.StatusCode.UNAUTHENTICATED: AccessDenied, grpc.StatusCode.PERMISSION_DENIED: AccessDenied,
    grpc.StatusCode.DEADLINE_EXCEEDED: lambda _: Unavailable('it does not answer'),
    **dict.fromkeys((grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED,
                     grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED), lambda text: Unavailable(text, passing=True))}


class GrpcTransport:
    """One thread's access to a server; gRPC shares the connections."""

    def __init__(self, url: str, headers: Mapping[str, str], silence: float = SILENCE) -> None:
        parts = urlsplit(url)
        self._instance = parts.path.strip('/')
        self._headers: tuple[tuple[str, str | bytes], ...] = tuple((name.lower(), value) for name, value in headers.items())
        self._silence, self._aborted = silence, False
        at = parts.netloc if parts.port else f'{parts.netloc}:{443 if parts.scheme == "grpcs" else 80}'
        options = [('grpc.max_receive_message_length', _BATCH + reapi.CHUNK), ('grpc.enable_retries', 0)]
        self._channel = grpc.secure_channel(at, grpc.ssl_channel_credentials(_authorities()), options) \
            if parts.scheme == 'grpcs' else grpc.insecure_channel(at, options)
        self._batch = 0

    def get(self, name: str, sink: IO[bytes], limit: int) -> bool:
        if name == INDEX:
            self._capabilities()
            return False
        kind, _, digest = name.partition('/')
        if kind != 'ac':
            raise InvalidResponse(f'it cannot have the file {name}')
        result = self._result(digest, limit)
        sink.write(result or b'')
        return result is not None

    def put(self, name: str, content: bytes | Path, *, anew: bool = False) -> None:
        result = content if isinstance(content, bytes) else content.read_bytes()
        digest = protobuf.message(2, reapi.action_digest(name.partition('/')[2]))
        self._call(reapi.UPDATE_ACTION_RESULT, digest, protobuf.message(3, result))

    def get_blobs(self, targets: Mapping[Blob, Path]) -> bool:
        """Small blobs are batched, large ones streamed."""
        small = [blob for blob in targets if blob.size <= self._batch_limit()]
        for batch in reapi.batches(small, self._batch_limit()):
            answer = self._call(reapi.BATCH_READ_BLOBS, *(protobuf.message(2, digest_message(b)) for b in batch))
            by_digest = {blob.digest: blob for blob in batch}
            for response in protobuf.repeated(answer, 1):
                if (code := reapi.status_code(protobuf.field(response, 3))) == reapi.NOT_FOUND:
                    return False
                blob = by_digest.pop(protobuf.field(response, 1, 1).decode('ascii', 'replace'), None)
                if code != reapi.OK or blob is None:
                    raise InvalidResponse('it does not answer the request')
                targets[blob].write_bytes(protobuf.field(response, 2))
            if by_digest:
                return False
        return all(self._read(blob, targets[blob]) for blob in targets if blob not in small)

    def put_blobs(self, found: Mapping[Blob, Path]) -> None:
        """Blobs that the server has are not sent."""
        digests = [protobuf.message(2, digest_message(blob)) for blob in found]
        answer = self._call(reapi.FIND_MISSING_BLOBS, *digests)
        lacking = {protobuf.field(value, 1).decode('ascii', 'replace') for value in protobuf.repeated(answer, 2)}
        missing = [blob for blob in found if blob.digest in lacking]
        small = [blob for blob in missing if blob.size <= self._batch_limit()]
        for batch in reapi.batches(small, self._batch_limit()):
            answer = self._call(reapi.BATCH_UPDATE_BLOBS, *(
                protobuf.message(2, protobuf.message(1, digest_message(b)), protobuf.message(2, found[b].read_bytes()))
                for b in batch))
            for response in protobuf.repeated(answer, 1):
                if reapi.status_code(protobuf.field(response, 2)) not in (reapi.OK, reapi.ALREADY_EXISTS):
                    raise InvalidResponse('it does not accept the upload')
        for blob in missing:
            if blob not in small:
                self._write(blob, found[blob])

    def write_index(self) -> None:
        """Such a server has no files."""

    def abort(self) -> None:
        self._aborted = True
        self._channel.close()

    def _capabilities(self) -> bytes:
        """The server's capabilities: the first request."""
        cache = protobuf.field(self._call(reapi.GET_CAPABILITIES), 1)
        if reapi.SHA256 not in protobuf.numbers(cache, 1):
            raise Unavailable('it is not a cache with sha256 digests')
        return cache

    def _batch_limit(self) -> int:
        if not self._batch:
            limits = protobuf.numbers(self._capabilities(), 4)
            self._batch = min(_BATCH, limits[0] - (64 << 10)) if limits and limits[0] > 128 << 10 else _BATCH
        return self._batch

    def _result(self, digest: str, limit: int) -> bytes | None:
        """The result of an action; its record may be a blob of its own on the server."""
        try:
            result = self._call(reapi.GET_ACTION_RESULT, protobuf.message(2, reapi.action_digest(digest)),
                                protobuf.integer(3, 1), protobuf.integer(4, 1))
        except _NotFound:
            return None
        for raw, digest_of in _APART.items():
            apart = protobuf.field(result, digest_of)
            if apart and not protobuf.field(result, raw):
                size = (protobuf.numbers(apart, 2) or [0])[0]
                blob = Blob.of(protobuf.field(apart, 1).decode('ascii', 'replace'), size)
                if blob is None or size > min(limit, _BATCH):
                    raise InvalidResponse('it has a record that is not from emroot')
                answer = self._call(reapi.BATCH_READ_BLOBS, protobuf.message(2, digest_message(blob)))
                result += protobuf.message(raw, protobuf.field(answer, 1, 2))
        if len(result) > limit:
            raise InvalidResponse('it sends more data than expected')
        return result

    def _read(self, blob: Blob, file: Path) -> bool:
        def once() -> bool:
            name = f'{self._instance}/blobs/{blob.digest}/{blob.size}'.lstrip('/')
            read = self._channel.unary_stream(reapi.READ, bytes, bytes)
            stream = read(protobuf.text(1, name), timeout=self._long(blob), metadata=self._headers)
            done = 0
            with open(file, 'wb') as sink:
                for answer in stream:
                    data = protobuf.field(answer, 10)
                    done += len(data)
                    if done > blob.size:
                        stream.cancel()
                        raise InvalidResponse('it sends more data than expected')
                    sink.write(data)
            return True
        try:
            return self._patiently(once)
        except _NotFound:
            return False

    def _write(self, blob: Blob, file: Path) -> None:
        def once() -> None:
            name = f'{self._instance}/uploads/{uuid.uuid4()}/blobs/{blob.digest}/{blob.size}'.lstrip('/')
            send = self._channel.stream_unary(reapi.WRITE, bytes, bytes)
            answer = send(reapi.write_requests(name, file, blob.size), timeout=self._long(blob), metadata=self._headers)
            if protobuf.numbers(answer, 1) != [blob.size]:
                raise InvalidResponse('it does not accept the upload')
        self._patiently(once)

    def _call(self, method: str, *request: bytes) -> bytes:
        def once() -> bytes:
            ask = self._channel.unary_unary(method, bytes, bytes)
            return ask(protobuf.text(1, self._instance) + b''.join(request), timeout=self._silence, metadata=self._headers)
        return self._patiently(once)

    def _patiently(self, once: Callable[[], _T]) -> _T:
        def talk() -> _T:
            with _talking():
                return once()
        return ask_patiently(talk, lambda: None, lambda: self._aborted)

    def _long(self, blob: Blob) -> float:
        return self._silence + blob.size / _SLOWEST


class _NotFound(Exception):
    """The server does not have it."""


@contextlib.contextmanager
def _talking() -> Iterator[None]:
    """Translate gRPC errors of the block to `TransportError`, without the server's own message."""
    try:
        yield
    except grpc.RpcError as error:
        code = error.code()
        if code is grpc.StatusCode.NOT_FOUND:
            raise _NotFound from None
        meaning = _MEANING.get(code, InvalidResponse)
        raise meaning(f'it answers {code.name}') from None
    except (UnicodeError, IndexError) as error:
        raise InvalidResponse('it answers with data that is not a message') from error
    except ValueError as error:  # gRPC's word for a channel that was closed; also for what is no message
        raise Unavailable('its answer is not understood') from error


def _authorities() -> bytes:
    """The certificates that Python trusts (the system's, SSL_CERT_FILE), instead of gRPC's own."""
    trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
    return ''.join(map(ssl.DER_cert_to_PEM_cert, trusted)).encode() or b'\n'
