"""`emroot verify` and `emroot gc`."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from ..cachecheck import verify_cache
from ..cachedir import HEADERS, recorded_files
from ..errors import StoreError, UsageError
from ..home import Home, read_memo, write_memo
from ..store import Store
from ..store.gc import Collected, collect
from ..store.verify import Verified, verify_store
from .session import Session, print_json

#: How large a store may grow by itself; EMROOT_MAX_SIZE overrides, 0 means without bound.
MAX_SIZE = 20 << 30
_BETWEEN = 86400.0


def verify(args: argparse.Namespace) -> int:
    """Check everything; exit code 6 if something is wrong and was not repaired."""
    home = Session(args).home
    store, found = Store(home.store), Verified()
    store.prepare()
    caches = list(dict.fromkeys([*home.known_caches(), *([Path(args.cache).absolute()] if args.cache else [])]))
    for cache in caches:
        verify_cache(cache, store, found, repair=args.repair)  # before what it takes from the store is set aside
    verify_store(store, found, repair=args.repair)
    if args.json:
        print_json({'checked': found.checked, 'damaged': found.damaged, 'repaired': found.repaired})
    else:
        for what in found.damaged:
            print(f'{"repaired" if what in found.repaired else "DAMAGED "} {what}')
        print(f'{found.checked} checked, {len(found.damaged)} damaged, {len(found.repaired)} repaired')
    left = len(found.damaged) - len(found.repaired)
    if left and not args.json:
        print('mend: ' + (f'delete what is named, or all of {store.root}: it is a cache' if args.repair
                          else 'emroot verify --repair'))
    return StoreError.exit_code if left else 0


def gc(args: argparse.Namespace) -> int:
    """Remove what exceeds the bounds."""
    if args.max_size is None and args.max_age is None:
        raise UsageError('no bound is given', mend='give --max-size 5G, --max-age 90d, or both')
    home = Session(args).home
    store = Store(home.store)
    store.prepare()
    if not args.dry_run:
        home.sweep()
    collected = collect(store, used_by_caches(home), max_size=args.max_size, max_age=args.max_age, dry_run=args.dry_run)
    if args.json:
        print_json({'removed': {'files': collected.files, 'bytes': collected.bytes}, 'kept_bytes': collected.kept_bytes,
                    'dry_run': args.dry_run})
    else:
        print(f'{"would remove" if args.dry_run else "removed"} {collected.files} files, {collected.bytes >> 20} MB; '
              f'{collected.kept_bytes >> 20} MB that could go are kept')
    return 0


def used_by_caches(home: Home) -> set[str]:
    """Digests of the libraries that cache directories hold, and the keys of the trees that their headers are of."""
    caches = home.known_caches()
    trees = {str((read_memo(cache / HEADERS) or {}).get('headers')) for cache in caches}
    return trees.union(str(record['digest']) for cache in caches for _, record in recorded_files(cache))


def collect_by_itself(home: Home) -> Collected | None:
    """Once a day, after a build that added something: keep the store within its bound. A new one is, unless one was given."""
    given = os.environ.get('EMROOT_MAX_SIZE', '')
    bound = _bound(given)
    place = home.memo / 'gc.json'
    last = (read_memo(place) or {}).get('time')
    if not bound or (isinstance(last, float) and 0 <= time.time() - last < _BETWEEN):
        return None
    write_memo(place, {'time': time.time()})
    if last is None and not given:
        return None
    home.sweep()
    return collect(Store(home.store), used_by_caches(home), max_size=bound)


def _bound(given: str) -> int:
    from .parser import _size
    if not given:
        return MAX_SIZE
    try:
        return _size(given)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f'EMROOT_MAX_SIZE: {error}', mend='for example EMROOT_MAX_SIZE=5G, or 0 for no bound') from error
