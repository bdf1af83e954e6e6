"""`emroot import`."""

from __future__ import annotations

import argparse
import sys

from ..arguments import add_json, path

EXAMPLES = [('emroot import libs.tar.gz', 'into the cache directory')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', metavar='FILE', help='an archive from `emroot export`')
    parser.add_argument('--sha256', default='', metavar='HEX',
                        help='the digest that `emroot export` printed; another archive is refused')
    parser.add_argument('--force', action='store_true', help='import it even if it was built with another SDK')
    parser.add_argument('--cache', type=path, metavar='DIR', help='the cache directory (default: one per SDK, in the home)')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...bundle.importer import import_bundle
    from ...cache_directory.directory import CacheDirectory
    from ...host.home import user_path
    from ..context import CommandContext, print_json
    context = CommandContext(args)
    cache = CacheDirectory(context.cache, context.sdk, context.origin)
    imported = import_bundle(user_path(args.file), context.catalogue, context.home, context.store, cache,
                             sha256=args.sha256, force=args.force)
    modes = imported.manifest.modes
    if args.json:
        print_json({'cache': str(cache.root), 'modes': modes, 'files': len(imported.manifest.libraries),
                    'elsewhere': list(imported.foreign)})
    elif not args.quiet:
        print(f'{cache.root}')
    if imported.foreign and not args.quiet:
        print(f'emroot: {len(imported.foreign)} of {len(imported.manifest.libraries)} libraries contain the path of another SDK '
              'in their debug information: they are used unchanged unless EMROOT_LOCATION=own is set', file=sys.stderr)
    return 0
