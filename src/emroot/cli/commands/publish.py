"""`emroot publish`: upload to a remote or a directory."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from ..arguments import add_json, add_selection

if TYPE_CHECKING:
    from ...engine.build import Build
    from ...modes import Mode

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
    from ..publishing import not_in_store, put
    context = CommandContext(args)
    address = parse_remote(args.destination, headers=os.environ.get(HEADER, ''), helper=os.environ.get(HELPER, ''))
    key = user_path(args.sign) if args.sign else None
    if key:
        check_signer(key)
    build = build_selected(context, context.selected())
    asked, failed = [(mode, target) for mode, targets in build.requested.items() for target in targets], _failed(build)
    if lacking := not_in_store(build, [each for each in asked if each not in failed]):
        build = _build_from_sources(args, lacking)
        failed |= _failed(build)
    try:
        sent, records = put(build, [each for each in asked if each not in failed], address, key)
    except TransportError as error:
        header = f'set {HEADER} to the header that it requires, for example `Authorization: Bearer ...`'
        hint = header if isinstance(error, AccessDenied) else 'check the address, and try again'
        raise RemoteError(f'nothing more can be put on {address.url}: {error}', hint=hint) from error
    if args.json:
        print_json({'place': address.url, 'published': sent, **({'records': records} if records is not None else {})})
    elif not args.quiet:
        print(address.url)
    return BuildError.exit_code if failed else 0


def _failed(build: Build) -> set[tuple[Mode, str]]:
    return {(mode, failure.target) for mode, failure in build.result.failures}


def _build_from_sources(args: argparse.Namespace, targets: list[tuple[Mode, str]]) -> Build:
    """Build what only the cache directory has, into one that is not kept: it came from a base, such as the SDK's own cache, and a
    record tells what was built from sources; or `emroot gc` removed it from the store."""
    from ..builds import build_selected
    from ..context import CommandContext
    count = 'one library is' if len(targets) == 1 else f'{len(targets)} libraries are'
    if not args.quiet:
        print(f'emroot: {count} prebuilt, or removed from the store by `emroot gc`: built from sources, to be published',
              file=sys.stderr)
    selected: dict[Mode, list[str]] = {}
    for mode, target in targets:
        selected.setdefault(mode, []).append(target)
    with tempfile.TemporaryDirectory(prefix='emroot-') as directory:
        anew = {**vars(args), 'cache': directory, 'base': '', 'trace': None}
        return build_selected(CommandContext(argparse.Namespace(**anew)), selected)
