"""`emroot publish`: a remote, filled on purpose."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from ..engine.archives import KIND as ARCHIVE
from ..engine.build import Build
from ..engine.chain import offer_of
from ..engine.embuilder import KIND as EMBUILDER
from ..engine.located import anywhere_key
from ..errors import BuildError, RemoteError, StoreError
from ..files import user_path
from ..index.keep import KIND as INDEX
from ..modes import Mode
from ..remote.address import HEADER, Address, parse_address
from ..remote.client import Offer, Outgoing, outgoing, send
from ..remote.credentials import HELPER
from ..remote.directory import Directory
from ..remote.signing import check_signer, sign
from ..remote.transport import Refused, Trouble, open_transport
from .build import make, select
from .session import Session, print_json


def publish(args: argparse.Namespace) -> int:
    """Build what is missing, and put all that is selected where others find it, however long that takes."""
    session = Session(args)
    address = parse_address(args.destination, headers=os.environ.get(HEADER, ''), helper=os.environ.get(HELPER, ''))
    key = user_path(args.sign) if args.sign else None
    if key:
        check_signer(key)
    build = make(session, select(session, needed=True))
    failed = {(mode, failure.target) for mode, failure in build.result.failures}
    wanted = [(mode, target) for mode, targets in build.requested.items() for target in targets if (mode, target) not in failed]
    try:
        sent, records = _put(build, wanted, address, key)
    except Trouble as error:
        hint = f'set {HEADER} to what it wants to hear' if isinstance(error, Refused) else 'check the address, and try again'
        raise RemoteError(f'nothing more can be put on {address.place}: {error}', hint=hint) from error
    if args.json:
        print_json({'place': address.place, 'published': sent, **({'records': records} if records is not None else {})})
    elif not args.quiet:
        print(address.place)
    return BuildError.exit_code if failed else 0


def _put(build: Build, wanted: list[tuple[Mode, str]], address: Address, key: Path | None) -> tuple[int, int | None]:
    """How many targets were put there, and how many records a directory then has."""
    transport, store, found = open_transport(address), build.store, list[Outgoing]()
    with store:
        for mode, target in wanted:
            whole = next(filter(None, (outgoing(store, offer) for offer in _offers(build, mode, target))), None)
            if whole is None:
                raise StoreError(f'the store no longer has {mode}/{target}, only the cache directory has',
                                 hint='build it into another one: --cache DIR')
            known = build.known.get(mode, target)
            found += [*whole, *(outgoing(store, Offer(INDEX, known.key)) if known else [])]
        signatures = sign(key, [each.text for each in found]) if key else [b''] * len(found)
        for each, signature in zip(found, signatures, strict=True):
            send(transport, each, signature)
    if address.kind != 'directory':
        return len(wanted), None
    return len(wanted), Directory(Path(address.place)).write_index()


def _offers(build: Build, mode: Mode, target: str) -> Iterator[Offer]:
    """What a target may be offered as, the record for this place first."""
    known, sdk = build.known.get(mode, target), build.cache.sdk
    if known:
        kind = ARCHIVE if known.members else EMBUILDER
        yield offer_of(known.key, kind, sdk, located=True)
        yield offer_of(known.key, kind, sdk, located=False)
        if not build.options.own_place:
            yield Offer(kind, anywhere_key(known.key, kind))
