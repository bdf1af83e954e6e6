"""`emroot index`: which symbols the members of libraries have, in one small file, so that elsewhere a first link can be lazy."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from ...engine.build import Build
from ...errors import BuildError, UsageError, from_os_error
from ...hashing import digest_bytes
from ...host.files import read_file, user_path, write_bytes
from ...modes import Mode
from ...symbol_index import SymbolIndex
from ...symbol_index.bundled import decode_indexes, encode_indexes
from ...symbol_index.storage import find_index, store_index
from ...symbol_index.symbols import NmFailed, find_nm, index_archive
from ..context import CommandContext, print_json
from .build import make_whole


def export(args: argparse.Namespace) -> int:
    """Build missing libraries, and write the indexes of all selected ones."""
    session = CommandContext(args)
    made = make_whole(session)
    if made is None:
        return BuildError.exit_code
    build, selected = made
    with build.store:
        found = dict(_indexes(build, [(mode, target) for mode, targets in selected.items() for target in targets]))
    data, output = encode_indexes(found), user_path(args.output)
    try:
        write_bytes(output, data)
    except OSError as error:
        raise from_os_error(error, 'writing the indexes') from error
    if args.json:
        print_json({'file': str(output), 'archives': len(found), 'size': len(data), 'sha256': digest_bytes(data),
                    'sdk': session.sdk.digest})
    elif not args.quiet:
        print(output)
    return 0


def import_(args: argparse.Namespace) -> int:
    """Import the indexes of a file into the store. Those of other SDKs are harmless: their keys are never
    looked up."""
    session = CommandContext(args)
    data = read_file(user_path(args.file)) or b''
    if args.sha256 and (digest := digest_bytes(data)) != args.sha256.lower():
        raise UsageError(f'{args.file} has sha256 {digest}, not the given one', hint='get the file and its sha256 again')
    found = decode_indexes(data)
    if found is None:
        raise UsageError(f'{args.file} is not a file of indexes, or is damaged', hint='write it again with `emroot index export`')
    indexes = {key: index for key, body in found.items() if (index := SymbolIndex.of_body(body))}
    with session.store as store:
        for key, index in indexes.items():
            if args.sha256 or find_index(store, key) != index:  # what was made here is known, and stays so
                store_index(store, key, index, claimed=not args.sha256)
    if args.json:
        print_json({'archives': len(indexes)})
    return 0


def _indexes(build: Build, wanted: list[tuple[Mode, str]]) -> Iterator[tuple[str, SymbolIndex]]:
    """(key of the archive, index); single objects and outputs of embuilder have none."""
    for mode, target in wanted:
        known = build.known.get(mode, target)
        if not known or not known.members or not known.paths[0].endswith('.a'):
            continue
        index = find_index(build.store, known.key)
        if index is None:
            sdk = build.catalogue.sdk
            try:
                index = index_archive(find_nm(sdk.tools), build.cache.root / known.paths[0],
                                      carrying=[os.fsencode(path) for path in sdk.embedded_paths])
            except NmFailed as error:
                raise UsageError(f'the symbols of {mode}/{target} cannot be read: {error}',
                                 hint='check it with `emroot verify`') from error
            store_index(build.store, known.key, index)
        yield known.key, index
