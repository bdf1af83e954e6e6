"""The remote of a build: downloads what the store lacks and uploads what was built, with bounded waiting."""

from __future__ import annotations

import contextlib
import io
import math
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ..errors import UsageError
from ..hashing import Record, digest_file
from ..store import Blob, Store
from ..symbol_index.storage import CLAIMED, KIND
from . import action_cache
from .action_cache import INDEX, LARGEST_RECORD, check_shape, decode_index, decode_record, encode_record, named_blobs, record_name
from .circuit_breaker import CircuitBreaker
from .errors import InvalidResponse, Unavailable
from .remote_spec import RemoteSpec
from .transport import Transport
from .worker_threads import WorkerThreads

#: Seconds that a build waits for a remote, in addition to the time that it saved; EMROOT_REMOTE_WAIT overrides.
PATIENCE = 4.0
_WAIT = 'EMROOT_REMOTE_WAIT'
_LARGEST_INDEX = 64 << 20


class Log(Protocol):
    """Receives messages about a remote from any thread; the listener of a build is one."""

    def note(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...


@dataclass(frozen=True)
class DownloadRequest:
    """The record with one of these keys, and all its blobs."""

    kind: str
    keys: tuple[str, ...]
    worth: float
    """The seconds that a download saves."""
    members: tuple[str, ...] = ()
    """The member names of an archive, in order."""


@dataclass(frozen=True)
class UploadRequest:
    """A record, and all its blobs."""

    kind: str
    key: str
    portable_key: str = ''
    """A second key for the upload, for SDKs in other directories than `location` (a digest)."""
    location: str = ''
    counts: bool = True
    """Whether it counts in statistics, or accompanies a record that does."""


class Remote:
    """One remote during one build. Errors of the remote never raise."""

    def __init__(self, address: RemoteSpec, store: Store, log: Log, patience: float | None = None) -> None:
        self._address, self._store, self._log = address, store, log
        self._patience = _patience() if patience is None else patience
        self.circuit = CircuitBreaker(address.url, lambda: address.credentials.secrets, log.warn, log.note)
        if address.shows_secrets:
            log.warn(f'remote {address.url}: credentials are sent unencrypted; use https or grpcs')
        self._threads = WorkerThreads(self.circuit, address.open, log.note)
        self._index: frozenset[str] | None = None
        self._lock = threading.Lock()
        self._saved = self._waited = 0.0
        self.fetched: set[str] = set()
        self.unsigned = 0
        self.sent = self._to_send = 0

    def download(self, requests: Iterable[DownloadRequest]) -> None:
        """Download available records into the store, the most worthwhile first; `fetched` has their keys."""
        self._threads.add(self._probe)
        if self._wait():
            for each in sorted(requests, key=lambda each: -each.worth):
                self._threads.add(partial(self._download, each))
            self._wait()
        if self.unsigned:
            self._log.warn(f'remote {self._address.url}: {self.unsigned} of its records are not signed with the required '
                           'key; the build continues without them')
        self._log.note(f'remote {self._address.url}: {len(self.fetched)} found in {self._waited:.2f} s')

    def upload(self, offer: UploadRequest) -> None:
        """Upload a record of the store and its blobs in the background, if this remote accepts uploads."""
        if self._address.writes and not self.circuit.open:
            self._to_send += offer.counts
            self._threads.add(partial(self._send, offer))

    def close(self) -> None:
        """Wait for pending uploads for a limited time, then abandon them."""
        self._saved = min(self._saved, self._waited)
        self._wait()
        self._threads.abort()
        if self._address.writes:
            self._log.note(f'remote {self._address.url}: {self.sent} of {self._to_send} sent')

    def to_json(self) -> dict[str, Any]:
        """Statistics: downloads, uploads, and the seconds that the build waited."""
        return {'place': self._address.url, 'fetched': len(self.fetched), 'sent': self.sent, 'refused': self.circuit.refused,
                'unsigned': self.unsigned, 'writes': self._address.writes, 'seconds': round(self._waited, 3)}

    def _wait(self) -> bool:
        """Wait for all requests, as long as this saves time. Returns whether the remote can still be used."""
        began = time.monotonic()
        while not self._threads.wait(0.05):
            with self._lock:
                left = self._patience + self._saved - self._waited - (time.monotonic() - began)
            if left <= 0:
                self.circuit.record_failure(Unavailable('it is too slow to be useful'))
        self._waited += time.monotonic() - began
        return not self.circuit.open

    def _probe(self, transport: Transport) -> None:
        """The first request: check that the remote answers, and read its index, if it has one."""
        sink = io.BytesIO()
        try:
            found = transport.get(INDEX, sink, _LARGEST_INDEX)
        except InvalidResponse as error:
            if not 400 <= error.status < 500:  # a cache that knows other names only: it has no index
                raise
            found = False
        if found and not self._address.writes:
            self._index = decode_index(sink.getvalue())

    def _download(self, request: DownloadRequest, transport: Transport) -> None:
        for key in request.keys:
            name, sink = record_name(request.kind, key), io.BytesIO()
            if (self._index is not None and name not in self._index) or not transport.get(name, sink, LARGEST_RECORD):
                continue
            record = decode_record(sink.getvalue(), request.kind, key)
            if self._address.keys and not self._address.keys.verify(*action_cache.signed_parts(sink.getvalue())):
                with self._lock:
                    self.unsigned += 1
                continue
            check_shape(record, request.members)
            if self._take(transport, named_blobs(record).values()) and not self.circuit.open:
                claimed = request.kind == KIND and not self._address.keys
                self._store.write(request.kind, key, {**record, CLAIMED: claimed} if claimed else record)
                with self._lock:
                    self.fetched.add(key)
                    self._saved += request.worth
                return

    def _take(self, transport: Transport, blobs: Iterable[Blob]) -> bool:
        """Download blobs into the store. False if the remote no longer has one of them."""
        lacking = {blob: self._store.scratch() / f'remote-{os.urandom(6).hex()}'
                   for blob in blobs if not self._store.has(blob)}
        if not lacking:
            return True
        if self.circuit.open:  # the build may be over
            return False
        try:
            if not transport.get_blobs(lacking):
                return False
            for blob, file in lacking.items():
                if os.stat(file).st_size != blob.size or digest_file(file) != blob.digest:
                    raise InvalidResponse('it has a file whose content does not match its name')
                self._store.add_file(file, blob.digest)
        finally:
            for file in lacking.values():
                file.unlink(missing_ok=True)
        return True

    def _send(self, offer: UploadRequest, transport: Transport) -> None:
        for found in outgoing(self._store, offer):
            send(transport, found)
        with self._lock:
            self.sent += offer.counts


@dataclass(frozen=True)
class Outgoing:
    """A record of the store that is ready for upload, with the files that it names."""

    name: str
    record: Record
    kind: str
    key: str
    blobs: dict[Blob, Path]

    @property
    def text(self) -> bytes:
        """The bytes to sign."""
        return action_cache.sign_record_text(self.record, self.kind, self.key)


def outgoing(store: Store, offer: UploadRequest) -> list[Outgoing]:
    """The uploads for an offer; none if the store no longer has it."""
    record = store.read(offer.kind, offer.key)
    blobs = list(named_blobs(record).values()) if record else []
    if not record or not all(store.has(blob) for blob in blobs):
        return []
    files = {blob: store.path(blob.digest) for blob in blobs}
    under = {offer.key: record, **({offer.portable_key: {**record, 'place': offer.location}} if offer.portable_key else {})}
    return [Outgoing(record_name(offer.kind, key), each, offer.kind, key, files) for key, each in under.items()]


def send(transport: Transport, found: Outgoing, signature: bytes = b'') -> None:
    """Upload blobs, then their record. Raises `TransportError`."""
    transport.put_blobs(found.blobs)
    transport.put(found.name, encode_record(found.record, found.kind, found.key, signature), anew=bool(signature))


def _patience() -> float:
    given = os.environ.get(_WAIT, '')
    with contextlib.suppress(ValueError):
        if 0 <= (seconds := float(given or PATIENCE)) < math.inf:
            return seconds
    raise UsageError(f'{_WAIT}={given!r} is not a number of seconds', hint=f'for example {_WAIT}=30')
