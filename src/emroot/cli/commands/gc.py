"""`emroot gc`."""

from __future__ import annotations

import argparse

from ..arguments import add_json, age, size

EXAMPLES = [('emroot gc --max-size 5G', 'by size'),
            ('emroot gc --max-age 90d --dry-run', 'by age, remove nothing')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--max-size', type=size, metavar='5G',
                        help='size limit: bytes, or with K, M, G, T (5g, 5GB and 5GiB are the same)')
    parser.add_argument('--max-age', type=age, metavar='90d',
                        help='remove what was not used for this time: seconds, or with m, h, d, w')
    parser.add_argument('--dry-run', action='store_true', help='print what would be removed')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...api.maintenance import gc
    from ..context import CommandContext, print_json
    collected = gc(max_size=args.max_size, max_age=args.max_age, dry_run=args.dry_run, home=CommandContext(args).home.root)
    if args.json:
        print_json({'removed': {'files': collected.files, 'bytes': collected.bytes}, 'kept_bytes': collected.kept_bytes,
                    'dry_run': args.dry_run})
    else:
        print(f'{"would remove" if args.dry_run else "removed"} {collected.files} files, {collected.bytes >> 20} MB; '
              f'{collected.kept_bytes >> 20} MB of removable files are kept')
    return 0
