"""Garbage collection of a home's store, which spares what its cache directories use; by hand, and by itself after builds."""

from __future__ import annotations

import os
import time

from ..errors import UsageError
from ..formatting import parse_size
from ..host.home import Home, read_json, write_json
from ..store import Store
from ..store.gc import Collected, collect
from .directory import HEADERS, recorded_files

#: Bytes to which a store may grow by itself; EMROOT_MAX_SIZE overrides, 0 means no limit.
MAX_SIZE = 20 << 30
#: Seconds between two automatic collections.
_INTERVAL = 86400.0


def collect_garbage(home: Home, *, max_size: int | None = None, max_age: float | None = None, dry_run: bool = False) -> Collected:
    """Remove from the store what exceeds `max_size` bytes or was not used for `max_age` seconds, least recently used first."""
    store = Store(home.store)
    store.prepare()
    if not dry_run:
        home.remove_stale_temporaries()
    return collect(store, _used_by_caches(home), max_size=max_size, max_age=max_age, dry_run=dry_run)


def collect_automatically(home: Home) -> Collected | None:
    """After a build that compiled something: keep the store below its limit, once a day. A new store is not
    examined, unless EMROOT_MAX_SIZE is set. Raises `UsageError` if that is not a size."""
    given = os.environ.get('EMROOT_MAX_SIZE', '')
    try:
        limit = parse_size(given) if given else MAX_SIZE
    except ValueError as error:
        raise UsageError(f'EMROOT_MAX_SIZE: {error}', hint='for example EMROOT_MAX_SIZE=5G, or 0 for no limit') from error
    marker = home.memo / 'gc.json'
    last = (read_json(marker) or {}).get('time')
    if not limit or (isinstance(last, float) and 0 <= time.time() - last < _INTERVAL):
        return None
    write_json(marker, {'time': time.time()})
    if last is None and not given:
        return None
    return collect_garbage(home, max_size=limit)


def _used_by_caches(home: Home) -> set[str]:
    """Digests of the libraries in cache directories, and keys of the trees of their headers."""
    caches = home.known_caches()
    trees = {str((read_json(cache / HEADERS) or {}).get('headers')) for cache in caches}
    return trees.union(str(record['digest']) for cache in caches for _, record in recorded_files(cache))
