"""Methods and messages of the Remote Execution API (https://github.com/bazelbuild/remote-apis), as far as a cache needs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...store import Blob
from .. import protobuf

_API = '/build.bazel.remote.execution.v2'
GET_CAPABILITIES = f'{_API}.Capabilities/GetCapabilities'
GET_ACTION_RESULT, UPDATE_ACTION_RESULT = f'{_API}.ActionCache/GetActionResult', f'{_API}.ActionCache/UpdateActionResult'
FIND_MISSING_BLOBS = f'{_API}.ContentAddressableStorage/FindMissingBlobs'
BATCH_READ_BLOBS = f'{_API}.ContentAddressableStorage/BatchReadBlobs'
BATCH_UPDATE_BLOBS = f'{_API}.ContentAddressableStorage/BatchUpdateBlobs'
READ, WRITE = '/google.bytestream.ByteStream/Read', '/google.bytestream.ByteStream/Write'
#: Codes of `google.rpc.Status`.
OK, NOT_FOUND, ALREADY_EXISTS = 0, 5, 6
#: The number of SHA256 among the digest functions.
SHA256 = 1
#: Bytes of a blob in one message of a stream.
CHUNK = 1 << 20
#: The size in digests of actions, which are never uploaded.
_ACTION_SIZE = 64


def action_digest(digest: str) -> bytes:
    """The action whose result a record is, as the message `Digest`."""
    return protobuf.text(1, digest) + protobuf.integer(2, _ACTION_SIZE)


def status_code(status: bytes) -> int:
    """The code of a message `google.rpc.Status`."""
    return (protobuf.numbers(status, 1) or [OK])[0]


def batches(blobs: list[Blob], limit: int) -> Iterator[list[Blob]]:
    """Blobs in groups that fit into messages of `limit` bytes."""
    batch: list[Blob] = []
    for blob in blobs:
        if batch and sum(b.size + 128 for b in batch) + blob.size > limit:
            yield batch
            batch = []
        batch.append(blob)
    if batch:
        yield batch


def write_requests(name: str, file: Path, size: int) -> Iterator[bytes]:
    """The messages `WriteRequest` that send a file of `size` bytes under a name."""
    done = 0
    with open(file, 'rb') as f:
        while True:
            data = f.read(CHUNK)
            last = done + len(data) >= size or not data
            named = b'' if done else protobuf.text(1, name)
            yield named + protobuf.integer(2, done) + protobuf.integer(3, last) + protobuf.message(10, data)
            done += len(data)
            if last:
                return
