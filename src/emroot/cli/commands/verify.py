"""`emroot verify`."""

from __future__ import annotations

import argparse

from ..arguments import add_json, path

EXAMPLES = [('emroot verify', 'check only'),
            ('emroot verify --repair', 'check and repair')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--repair', action='store_true', help='restore damaged files, or remove those that cannot be restored')
    parser.add_argument('--cache', type=path, metavar='DIR',
                        help='a cache directory to check in addition to those in the home')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...api.maintenance import verify
    from ...errors import StoreError
    from ..context import CommandContext, print_json
    home = CommandContext(args).home
    found = verify(repair=args.repair, sdk=args.sdk, cache=args.cache, home=home.root)
    if args.json:
        print_json({'checked': found.checked, 'damaged': found.damaged, 'repaired': found.repaired, 'removed': found.removed})
    else:
        for what in found.damaged:
            state = 'repaired' if what in found.repaired else 'removed ' if what in found.removed else 'DAMAGED '
            print(f'{state} {what}')
        removed = f', {len(found.removed)} removed (made again when needed)' if found.removed else ''
        print(f'{found.checked} checked, {len(found.damaged)} damaged, {len(found.repaired)} repaired{removed}')
    if found.left and not args.json:
        print('hint: ' + ('DAMAGED files cannot be restored: run the emroot build of that cache directory again, or give the SDK '
                          f'of the headers with --sdk; or delete the files, or all of {home.store}' if args.repair
                          else 'run `emroot verify --repair`'))
    return StoreError.exit_code if found.left else 0
