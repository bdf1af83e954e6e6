"""`emroot publish`: upload to a remote or a directory."""

from __future__ import annotations

import argparse
import os

from ..arguments import add_json, add_selection

EXAMPLES = [('emroot publish www/libs --for "em++ -O2 -flto"', 'files for any web server'),
            ('emroot publish https://cache.example/emroot --features wasm64,lto', 'a remote')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('destination', metavar='DIR|URL', help='a directory that any web server can serve, or a remote')
    parser.add_argument('--sign', metavar='KEY', help='sign the records with this OpenSSH key; with its public key as '
                        '--remote-key, a build accepts no other records')
    add_selection(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...errors import BuildError, RemoteError
    from ...host.home import user_path
    from ...remote.credentials import HELPER
    from ...remote.errors import AccessDenied, TransportError
    from ...remote.remote_spec import HEADER, parse_remote
    from ...remote.signing import check_signer
    from ..builds import build_selected
    from ..context import CommandContext, print_json
    from ..publishing import put
    context = CommandContext(args)
    address = parse_remote(args.destination, headers=os.environ.get(HEADER, ''), helper=os.environ.get(HELPER, ''))
    key = user_path(args.sign) if args.sign else None
    if key:
        check_signer(key)
    build = build_selected(context, context.selected())
    failed = {(mode, failure.target) for mode, failure in build.result.failures}
    built = [(mode, target) for mode, targets in build.requested.items() for target in targets
             if (mode, target) not in failed]
    try:
        sent, records = put(build, built, address, key)
    except TransportError as error:
        header = f'set {HEADER} to the header that it requires, for example `Authorization: Bearer ...`'
        hint = header if isinstance(error, AccessDenied) else 'check the address, and try again'
        raise RemoteError(f'nothing more can be put on {address.url}: {error}', hint=hint) from error
    if args.json:
        print_json({'place': address.url, 'published': sent, **({'records': records} if records is not None else {})})
    elif not args.quiet:
        print(address.url)
    return BuildError.exit_code if failed else 0
