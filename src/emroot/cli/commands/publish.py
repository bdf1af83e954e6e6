"""`emroot publish`: upload to a remote or a directory."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from ...engine.archives import KIND as ARCHIVE
from ...engine.build import Build
from ...engine.embuilder import KIND as EMBUILDER
from ...engine.remote_requests import upload_of
from ...errors import BuildError, RemoteError, StoreError
from ...host.files import user_path
from ...keys.location import portable_key
from ...modes import Mode
from ...remote.client import Outgoing, UploadRequest, outgoing, send
from ...remote.credentials import HELPER
from ...remote.directory_transport import DirectoryTransport
from ...remote.remote_spec import HEADER, RemoteSpec, parse_remote
from ...remote.signing import check_signer, sign
from ...remote.transport import AccessDenied, TransportError, open_transport
from ...symbol_index.storage import KIND as INDEX
from ..context import CommandContext, print_json
from .build import make, select


def publish(args: argparse.Namespace) -> int:
    """Build missing libraries, and upload all selected ones, without a time limit."""
    session = CommandContext(args)
    address = parse_remote(args.destination, headers=os.environ.get(HEADER, ''), helper=os.environ.get(HELPER, ''))
    key = user_path(args.sign) if args.sign else None
    if key:
        check_signer(key)
    build = make(session, select(session, needed=True))
    failed = {(mode, failure.target) for mode, failure in build.result.failures}
    wanted = [(mode, target) for mode, targets in build.requested.items() for target in targets if (mode, target) not in failed]
    try:
        sent, records = _put(build, wanted, address, key)
    except TransportError as error:
        hint = f'set {HEADER} to what it wants to hear' if isinstance(error, AccessDenied) else 'check the address, and try again'
        raise RemoteError(f'nothing more can be put on {address.url}: {error}', hint=hint) from error
    if args.json:
        print_json({'place': address.url, 'published': sent, **({'records': records} if records is not None else {})})
    elif not args.quiet:
        print(address.url)
    return BuildError.exit_code if failed else 0


def _put(build: Build, wanted: list[tuple[Mode, str]], address: RemoteSpec, key: Path | None) -> tuple[int, int | None]:
    """Upload. Returns the number of targets, and for a directory the number of its records."""
    transport, store, found = open_transport(address), build.store, list[Outgoing]()
    with store:
        for mode, target in wanted:
            whole = next(filter(None, (outgoing(store, offer) for offer in _offers(build, mode, target))), None)
            if whole is None:
                raise StoreError(f'the store no longer has {mode}/{target}, only the cache directory has',
                                 hint='build it into another one: --cache DIR')
            known = build.known.get(mode, target)
            found += [*whole, *(outgoing(store, UploadRequest(INDEX, known.key)) if known else [])]
        signatures = sign(key, [each.text for each in found]) if key else [b''] * len(found)
        for each, signature in zip(found, signatures, strict=True):
            send(transport, each, signature)
    if address.kind != 'directory':
        return len(wanted), None
    return len(wanted), DirectoryTransport(Path(address.url)).write_index()


def _offers(build: Build, mode: Mode, target: str) -> Iterator[UploadRequest]:
    """The uploads for a target, the record for this location first."""
    known, sdk = build.known.get(mode, target), build.cache.sdk
    if known:
        kind = ARCHIVE if known.members else EMBUILDER
        yield upload_of(known.key, kind, sdk, location_dependent=True)
        yield upload_of(known.key, kind, sdk, location_dependent=False)
        if not build.options.own_location:
            yield UploadRequest(kind, portable_key(known.key, kind))
