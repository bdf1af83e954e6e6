"""The remote of a build: asked for what the store lacks, offered what was built, and never waited for long."""

from __future__ import annotations

import io
import math
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..hashing import Record, digest_file
from ..store import Blob, Store
from ..symbol_index.storage import CLAIMED, KIND
from . import action_cache
from .action_cache import INDEX, LARGEST_RECORD, check_shape, decode, decode_index, encode, named_blobs, record_name
from .circuit_breaker import CircuitBreaker
from .remote_spec import RemoteSpec
from .transport import InvalidResponse, Transport, Unavailable, open_transport
from .worker_threads import WorkerThreads

if TYPE_CHECKING:
    from ..engine.events import Watcher

#: Seconds that a build waits for a remote in all, besides what it saved; EMROOT_REMOTE_WAIT overrides.
PATIENCE = 4.0
_WAIT = 'EMROOT_REMOTE_WAIT'
_LARGEST_INDEX = 64 << 20


@dataclass(frozen=True)
class DownloadRequest:
    """Something to ask for: a record under one of these keys, with all its blobs."""

    kind: str
    keys: tuple[str, ...]
    worth: float
    """Seconds that it saves."""
    members: tuple[str, ...] = ()
    """The names of an archive's members, in order, if that is what it is."""


@dataclass(frozen=True)
class UploadRequest:
    """A record to send, with all its blobs."""

    kind: str
    key: str
    portable_key: str = ''
    """Another key to send it under, for SDKs that lie elsewhere than at `location` (a digest)."""
    location: str = ''
    counts: bool = True
    """Whether it is told of, or just goes along with something that is."""


class Remote:
    """One remote during one build. Nothing here raises because of what a remote does."""

    def __init__(self, address: RemoteSpec, store: Store, watcher: Watcher, patience: float | None = None) -> None:
        self._address, self._store, self._watcher = address, store, watcher
        self._patience = _patience() if patience is None else patience
        self.circuit = CircuitBreaker(address.url, lambda: address.credentials.secrets, watcher.warn, watcher.note)
        if address.shows_secrets:
            watcher.warn(f'remote {address.url}: credentials are sent unencrypted; use https or grpcs')
        self._threads = WorkerThreads(self.circuit, partial(open_transport, address), watcher.note)
        self._index: frozenset[str] | None = None
        self._lock = threading.Lock()
        self._saved = self._waited = 0.0
        self.fetched: set[str] = set()
        self.unsigned = 0
        self.sent = self._to_send = 0

    def download(self, wanted: Iterable[DownloadRequest]) -> None:
        """Get what is there into the store; `fetched` holds the keys. What saves most is asked for first."""
        self._threads.add(self._probe)
        if self._wait():
            for each in sorted(wanted, key=lambda each: -each.worth):
                self._threads.add(partial(self._download, each))
            self._wait()
        if self.unsigned:
            self._watcher.warn(f'remote {self._address.url}: {self.unsigned} of its records are not signed with the required '
                               'key; the build continues without them')
        self._watcher.note(f'remote {self._address.url}: {len(self.fetched)} found in {self._waited:.2f} s')

    def upload(self, offer: UploadRequest) -> None:
        """Send a record of the store and its blobs in the background, if this remote takes any."""
        if self._address.writes and not self.circuit.open:
            self._to_send += offer.counts
            self._threads.add(partial(self._send, offer))

    def close(self) -> None:
        """Wait a little for what is under way, then leave it."""
        self._saved = min(self._saved, self._waited)
        self._wait()
        self._threads.abort()
        if self._address.writes:
            self._watcher.note(f'remote {self._address.url}: {self.sent} of {self._to_send} sent')

    def to_json(self) -> dict[str, Any]:
        """What became of it: how much was found and sent, and the seconds that the build waited."""
        return {'place': self._address.url, 'fetched': len(self.fetched), 'sent': self.sent, 'refused': self.circuit.refused,
                'unsigned': self.unsigned, 'writes': self._address.writes, 'seconds': round(self._waited, 3)}

    def _wait(self) -> bool:
        """Wait until all is done, as long as that is worth it; whether the remote is still good for more."""
        began = time.monotonic()
        while not self._threads.wait(0.05):
            with self._lock:
                left = self._patience + self._saved - self._waited - (time.monotonic() - began)
            if left <= 0:
                self.circuit.record_failure(Unavailable('it is too slow to be useful'))
        self._waited += time.monotonic() - began
        return not self.circuit.open

    def _probe(self, transport: Transport) -> None:
        """The one question at the start: is it there, and does it say what it has? What others add meanwhile is in no index."""
        sink = io.BytesIO()
        try:
            found = transport.get(INDEX, sink, _LARGEST_INDEX)
        except InvalidResponse as error:
            if not 400 <= error.status < 500:  # a cache that knows other names only: it has no index
                raise
            found = False
        if found and not self._address.writes:
            self._index = decode_index(sink.getvalue())

    def _download(self, wanted: DownloadRequest, transport: Transport) -> None:
        for key in wanted.keys:
            name, sink = record_name(wanted.kind, key), io.BytesIO()
            if (self._index is not None and name not in self._index) or not transport.get(name, sink, LARGEST_RECORD):
                continue
            record = decode(sink.getvalue(), wanted.kind, key)
            if self._address.keys and not self._address.keys.verify(*action_cache.parts(sink.getvalue())):
                with self._lock:
                    self.unsigned += 1
                continue
            check_shape(record, wanted.members)
            if self._take(transport, named_blobs(record).values()) and not self.circuit.open:
                claimed = wanted.kind == KIND and not self._address.keys
                self._store.write(wanted.kind, key, {**record, CLAIMED: claimed} if claimed else record)
                with self._lock:
                    self.fetched.add(key)
                    self._saved += wanted.worth
                return

    def _take(self, transport: Transport, blobs: Iterable[Blob]) -> bool:
        """Have blobs in the store; false if the remote has one of them no longer."""
        wanted = {blob: self._store.scratch() / f'remote-{os.urandom(6).hex()}' for blob in blobs if not self._store.has(blob)}
        if not wanted:
            return True
        if self.circuit.open:  # the build may be over
            return False
        try:
            if not transport.get_blobs(wanted):
                return False
            for blob, file in wanted.items():
                if os.stat(file).st_size != blob.size or digest_file(file) != blob.digest:
                    raise InvalidResponse('it has a file whose content does not match its name')
                self._store.add_file(file, blob.digest)
        finally:
            for file in wanted.values():
                file.unlink(missing_ok=True)
        return True

    def _send(self, offer: UploadRequest, transport: Transport) -> None:
        for found in outgoing(self._store, offer):
            send(transport, found)
        with self._lock:
            self.sent += offer.counts


@dataclass(frozen=True)
class Outgoing:
    """A record of the store, ready to be sent, with the files that it names."""

    name: str
    record: Record
    kind: str
    key: str
    blobs: dict[Blob, Path]

    @property
    def text(self) -> bytes:
        """What is to be signed."""
        return action_cache.sign_record_text(self.record, self.kind, self.key)


def outgoing(store: Store, offer: UploadRequest) -> list[Outgoing]:
    """What there is to send for an offer; nothing if the store has it no longer."""
    record = store.read(offer.kind, offer.key)
    blobs = list(named_blobs(record).values()) if record else []
    if not record or not all(store.has(blob) for blob in blobs):
        return []
    files = {blob: store.path(blob.digest) for blob in blobs}
    under = {offer.key: record, **({offer.portable_key: {**record, 'place': offer.location}} if offer.portable_key else {})}
    return [Outgoing(record_name(offer.kind, key), said, offer.kind, key, files) for key, said in under.items()]


def send(transport: Transport, found: Outgoing, signature: bytes = b'') -> None:
    """Put a record and its blobs on a remote, the record last. Raises `TransportError`."""
    transport.put_blobs(found.blobs)
    transport.put(found.name, encode(found.record, found.kind, found.key, signature), anew=bool(signature))


def _patience() -> float:
    given = os.environ.get(_WAIT, '')
    try:
        seconds = float(given or PATIENCE)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UsageError(f'{_WAIT}={given!r} is not a number of seconds', hint=f'for example {_WAIT}=30')
    return seconds
