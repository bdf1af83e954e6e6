"""Names of files on a remote, and the format of records there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .. import schemas
from ..hashing import Record, canonical_json, digest_bytes
from ..host.home import parse_json
from ..store import Blob
from ..store.records import is_below, is_digest, seal, unseal
from . import protobuf
from .errors import InvalidResponse

INDEX = 'index.json'
#: An upper bound for records and libraries in bytes.
LARGEST_RECORD, LARGEST_BLOB = 16 << 20, 2 << 30
#: Fields of Bazel's ActionResult, which servers check: https://github.com/bazelbuild/remote-apis. Output files are the
#: record's blobs, so that a server keeps them as long as the record, which is the standard output; its signature is the
#: standard error.
_OUTPUT_FILES, STDOUT_RAW, STDERR_RAW = 2, 5, 7
_FILE_PATH, _FILE_DIGEST, _DIGEST_HASH, _DIGEST_SIZE = 1, 2, 1, 2
_NO_RECORD = 'it answers with data that is not a record'


def record_name(kind: str, key: str) -> str:
    """The name of a record: `ac/HEX`."""
    return f'ac/{digest_bytes(f"emroot {kind} {key}".encode())}'


def named_blobs(record: Record) -> dict[str, Blob]:
    """The blobs of a record, by their path in a cache directory. Raises `InvalidResponse` if it has none."""
    files = record.get('files')
    entries = files if isinstance(files, dict) else {str(record.get('path', '')): [record.get('digest'), record.get('size')]}
    found = {path: Blob.of(*entry) for path, entry in entries.items() if isinstance(entry, list) and len(entry) == 2}
    blobs = {path: blob for path, blob in found.items() if blob and blob.size <= LARGEST_BLOB}
    if not blobs or len(blobs) != len(entries):
        raise InvalidResponse('it has a record that is not from emroot')
    return blobs


def check_shape(record: Record, members: Sequence[str]) -> None:
    """Raises `InvalidResponse` if a record has other paths than in a cache directory, SDK locations that are no
    digests, or other members than the `members` of the requested library (imported archives have none)."""
    listed = record.get('members', [])
    names = [entry[0] for entry in listed if isinstance(entry, list) and len(entry) == 2 and is_digest(entry[1])] \
        if isinstance(listed, list) else None
    if names is None or len(names) != len(listed) or (names and members and names != [*members]):
        raise InvalidResponse('it has a record with other members than the library')
    files = record.get('files')
    paths = files if isinstance(files, dict) else [record.get('path')]
    if not all(is_below(path) for path in paths) or not is_digest(record.get('place', '0' * 64)):
        raise InvalidResponse('it has a record that is not from emroot')


def sign_record_text(record: Record, kind: str, key: str) -> bytes:
    """The bytes of a record that are signed."""
    return canonical_json(seal(record, kind, key)).encode()


def encode_record(record: Record, kind: str, key: str, signature: bytes = b'') -> bytes:
    """A record for upload: with checksum, in the format that Bazel caches expect."""
    files = b''.join(protobuf.message(_OUTPUT_FILES, protobuf.text(_FILE_PATH, path),
                                      protobuf.message(_FILE_DIGEST, digest_message(blob)))
                     for path, blob in sorted(named_blobs(record).items()))
    signed = protobuf.message(STDERR_RAW, signature) if signature else b''
    return files + protobuf.message(STDOUT_RAW, sign_record_text(record, kind, key)) + signed


def signed_parts(data: bytes) -> tuple[bytes, bytes]:
    """The signed bytes of a downloaded record, and its signature or nothing. Raises `InvalidResponse`."""
    try:
        text, signature = (protobuf.repeated(data, number)[:1] for number in (STDOUT_RAW, STDERR_RAW))
    except (ValueError, IndexError) as error:
        raise InvalidResponse(_NO_RECORD) from error
    return b''.join(text), b''.join(signature)


def decode_record(data: bytes, kind: str, key: str) -> Record:
    """The record of this kind and key. Raises `InvalidResponse` if kind, key or checksum do not match."""
    document = parse_json(signed_parts(data)[0])
    if document is None:
        raise InvalidResponse(_NO_RECORD)
    record = unseal(document, kind, key)
    if record is None:
        raise InvalidResponse('it has a record that is damaged or has another key')
    return record


def encode_index(records: Iterable[str]) -> bytes:
    """The index of a directory with these records (`HEX`)."""
    return canonical_json({'emroot': schemas.REMOTE_INDEX, 'records': sorted(records)}).encode() + b'\n'


def decode_index(data: bytes) -> frozenset[str] | None:
    """The names of all records (`ac/HEX`); None if the data are not an index, for example an error page."""
    document = parse_json(data) or {}
    if document.get('emroot') != schemas.REMOTE_INDEX or not isinstance(document.get('records'), list):
        return None
    return frozenset(f'ac/{name}' for name in document['records'] if is_digest(name))


def digest_message(blob: Blob) -> bytes:
    """A blob as the protobuf message `Digest`."""
    return protobuf.text(_DIGEST_HASH, blob.digest) + protobuf.integer(_DIGEST_SIZE, blob.size)
