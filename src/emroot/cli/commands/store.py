"""`emroot verify` and `emroot gc`."""

from __future__ import annotations

import argparse
import os
import time

from ...api.maintenance import gc as bound
from ...api.maintenance import verify as check
from ...errors import StoreError, UsageError
from ...host.home import Home, read_json, write_json
from ...store.gc import Collected
from ..context import CommandContext, print_json

#: The default size limit of a store; EMROOT_MAX_SIZE overrides it, 0 means no limit.
MAX_SIZE = 20 << 30
_BETWEEN = 86400.0


def verify(args: argparse.Namespace) -> int:
    """Verify everything; exit code 6 if damage remains."""
    home = CommandContext(args).home
    found = check(repair=args.repair, sdk=args.sdk, cache=args.cache, home=home.root)
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


def gc(args: argparse.Namespace) -> int:
    """Remove what exceeds the limits."""
    collected = bound(max_size=args.max_size, max_age=args.max_age, dry_run=args.dry_run, home=CommandContext(args).home.root)
    if args.json:
        print_json({'removed': {'files': collected.files, 'bytes': collected.bytes}, 'kept_bytes': collected.kept_bytes,
                    'dry_run': args.dry_run})
    else:
        print(f'{"would remove" if args.dry_run else "removed"} {collected.files} files, {collected.bytes >> 20} MB; '
              f'{collected.kept_bytes >> 20} MB of removable files are kept')
    return 0


def collect_by_itself(home: Home) -> Collected | None:
    """Once a day, after a build that added something: keep the store below its default limit."""
    given = os.environ.get('EMROOT_MAX_SIZE', '')
    limit = _limit(given)
    marker = home.memo / 'gc.json'
    last = (read_json(marker) or {}).get('time')
    if not limit or (isinstance(last, float) and 0 <= time.time() - last < _BETWEEN):
        return None
    write_json(marker, {'time': time.time()})
    if last is None and not given:
        return None
    return bound(max_size=limit, home=home.root)


def _limit(given: str) -> int:
    from ..parser import size
    if not given:
        return MAX_SIZE
    try:
        return size(given)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f'EMROOT_MAX_SIZE: {error}', hint='for example EMROOT_MAX_SIZE=5G, or 0 for no limit') from error
