"""Uploading what was built to a remote, however long that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..engine.archives import KIND as ARCHIVE
from ..engine.build import Build
from ..engine.embuilder import KIND as EMBUILDER
from ..engine.remote_requests import upload_of
from ..errors import StoreError
from ..keys.location import portable_key
from ..modes import Mode
from ..remote.client import Outgoing, UploadRequest, outgoing, send
from ..remote.remote_spec import RemoteSpec
from ..remote.signing import sign
from ..symbol_index.storage import KIND as INDEX


def not_in_store(build: Build, targets: list[tuple[Mode, str]]) -> list[tuple[Mode, str]]:
    """Those of which only the cache directory has the files: they are of a base, or `emroot gc` removed them from the store."""
    with build.store:
        return [(mode, target) for mode, target in targets if _stored(build, mode, target) is None]


def put(build: Build, targets: list[tuple[Mode, str]], address: RemoteSpec, key: Path | None) -> tuple[int, int | None]:
    """Upload. Returns the number of targets, and for a directory the number of its records."""
    transport, store, found = address.open(), build.store, list[Outgoing]()
    with store:
        for mode, target in targets:
            whole = _stored(build, mode, target)
            if whole is None:
                raise StoreError(f'the store no longer has {mode}/{target}, only the cache directory has',
                                 hint='try again; another process may have removed it just now')
            known = build.known.get(mode, target)
            found += [*whole, *(outgoing(store, UploadRequest(INDEX, known.key)) if known else [])]
        signatures = sign(key, [each.text for each in found]) if key else [b''] * len(found)
        for each, signature in zip(found, signatures, strict=True):
            send(transport, each, signature)
    return len(targets), transport.write_index()


def _stored(build: Build, mode: Mode, target: str) -> list[Outgoing] | None:
    """The uploads for a target; None if the store lacks it."""
    return next(filter(None, (outgoing(build.store, offer) for offer in _offers(build, mode, target))), None)


def _offers(build: Build, mode: Mode, target: str) -> Iterator[UploadRequest]:
    """The uploads for a target, the record for this location first."""
    known, sdk = build.known.get(mode, target), build.cache.sdk
    if known:
        kind = ARCHIVE if known.members else EMBUILDER
        yield upload_of(known.key, kind, sdk, location_dependent=True)
        yield upload_of(known.key, kind, sdk, location_dependent=False)
        if not build.options.own_location:
            yield UploadRequest(kind, portable_key(known.key, kind))
