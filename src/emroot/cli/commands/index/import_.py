"""`emroot index import`."""

from __future__ import annotations

import argparse

from ...arguments import add_json

EXAMPLES = [('emroot index import lto.index', 'into the store')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', metavar='FILE', help='a file from `emroot index export`')
    parser.add_argument('--sha256', default='', metavar='HEX', help='the digest that `emroot index export --json` printed: the '
                        'file is then trusted like local indexes, and links need not verify it')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ....errors import UsageError
    from ....hashing import digest_bytes
    from ....host.files import read_file
    from ....host.home import user_path
    from ....symbol_index import SymbolIndex
    from ....symbol_index.index import decode_indexes
    from ....symbol_index.storage import find_index, store_index
    from ...context import CommandContext, print_json
    context = CommandContext(args)
    data = read_file(user_path(args.file)) or b''
    if args.sha256 and (digest := digest_bytes(data)) != args.sha256.lower():
        raise UsageError(f'{args.file} has sha256 {digest}, not the given one', hint='get the file and its sha256 again')
    found = decode_indexes(data)
    if found is None:
        raise UsageError(f'{args.file} is not a file of indexes, or is damaged', hint='write it again with `emroot index export`')
    indexes = {key: index for key, body in found.items() if (index := SymbolIndex.of_body(body))}
    with context.store as store:
        for key, index in indexes.items():
            if args.sha256 or find_index(store, key) != index:  # what was made here is known, and stays so
                store_index(store, key, index, claimed=not args.sha256)
    if args.json:
        print_json({'archives': len(indexes)})
    return 0
