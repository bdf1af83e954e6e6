"""`emroot publish`: a remote, filled on purpose."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from ..engine.archives import KIND as ARCHIVE
from ..engine.build import Build
from ..engine.embuilder import KIND as EMBUILDER
from ..engine.objects import located_key
from ..errors import BuildError, RemoteError, StoreError
from ..index.keep import KIND as INDEX
from ..modes import Mode
from ..remote.address import HEADER, Address, parse_address
from ..remote.client import send
from ..remote.directory import Directory
from ..remote.transport import Refused, Trouble, open_transport
from .build import make, select
from .session import Session, print_json


def publish(args: argparse.Namespace) -> int:
    """Build what is missing, and put all that is selected where others find it, however long that takes."""
    session = Session(args)
    address = parse_address(args.destination, headers=os.environ.get(HEADER, ''))
    selected = select(session, needed=True)
    build = make(session, selected)
    if build.result.failures:
        return BuildError.exit_code
    try:
        sent, records = _put(build, [(mode, target) for mode, targets in selected.items() for target in targets], address)
    except Trouble as error:
        mend = f'set {HEADER} to what it wants to hear' if isinstance(error, Refused) else 'check the address, and try again'
        raise RemoteError(f'nothing more can be put on {address.place}: {error}', mend=mend) from error
    if args.json:
        print_json({'place': address.place, 'published': sent, **({'records': records} if records is not None else {})})
    elif not args.quiet:
        print(address.place)
    return 0


def _put(build: Build, wanted: list[tuple[Mode, str]], address: Address) -> tuple[int, int | None]:
    """How many targets were put there, and how many records a directory then has."""
    transport, store, sent = open_transport(address), build.store, 0
    with store:
        for mode, target in wanted:
            if not any(send(transport, store, kind, key) for kind, key in _records(build, mode, target)):
                raise StoreError(f'the store no longer has {mode}/{target}, only the cache directory has',
                                 mend='build it into another one: --cache DIR')
            sent += 1
            known = build.known.get(mode, target)
            if known and store.read(INDEX, known.key):
                send(transport, store, INDEX, known.key)
    if address.is_web:
        return sent, None
    return sent, Directory(Path(address.place)).write_index()


def _records(build: Build, mode: Mode, target: str) -> Iterator[tuple[str, str]]:
    """The records that a target may be kept under, the one for this place first."""
    known, places = build.known.get(mode, target), build.cache.sdk.places
    if known:
        kind = ARCHIVE if known.members else EMBUILDER
        yield from ((kind, located_key(known.key, places, kind)), (kind, known.key))
