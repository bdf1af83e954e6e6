"""The Python API for existing libraries. For common arguments and errors see `operations.py`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SdkError, UsageError
from ..host.home import Home, find_home, user_path
from ..sdk import Sdk
from .operations import StrPath, cache_of, catalogue_of, prepare

if TYPE_CHECKING:
    from ..bundle.exporter import Exported
    from ..bundle.importer import Imported
    from ..engine.events import BuildListener
    from ..engine.explanation import Explained
    from ..store import Store
    from ..store.gc import Collected
    from ..store.verification import Verified


def export(file: StrPath, *, features: str | Iterable[str] = (), targets: str | Iterable[str] = (),
           links: str | Iterable[str | Sequence[str]] = (), project: StrPath | None = None, sdk: Sdk | StrPath | None = None,
           cache: StrPath | None = None, home: StrPath | None = None, jobs: int = 0,
           watcher: BuildListener | None = None) -> Exported:
    """Build a selection, like `build`, and write it to one archive, for `import_archive`, emsdk's
    `prebuilt_cache` and tar, which is the same on every machine. Like `emroot export`. Raises `BuildError` if a
    target cannot be built.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     made = emroot.export(f'{directory}/libs.tar.gz', targets='crt1')
    ...     assert made.size == made.path.stat().st_size and len(made.sha256) == 64
    """
    from ..bundle.exporter import export_bundle as write
    build, requests = prepare(features=features, targets=targets, links=links, project=project, sdk=sdk, cache=cache, home=home,
                              jobs=jobs, watcher=watcher)
    build.run(requests).raise_for_failures()
    return write(build, build.requested, user_path(file))


def import_archive(file: StrPath, *, sha256: str = '', force: bool = False, sdk: Sdk | StrPath | None = None,
                   cache: StrPath | None = None, home: StrPath | None = None) -> Imported:
    """Import an archive into the store and the cache directory: all of it, or nothing. Like `emroot import`. Raises
    `UsageError` if it is not from `export`, its digest is not `sha256`, or it is for another SDK (unless `force`)."""
    from ..bundle.importer import import_bundle
    from ..cache_directory.directory import CacheDirectory
    from ..store import Store
    catalogue, where = catalogue_of(sdk, home), find_home(home)
    cache_directory = CacheDirectory(cache_of(cache, catalogue, where), catalogue.sdk)
    return import_bundle(user_path(file), catalogue, where, Store(where.store), cache_directory, sha256=sha256, force=force)


def explain(name: str, *, member: str | None = None, sdk: Sdk | StrPath | None = None, home: StrPath | None = None) -> Explained:
    """The key of `MODE/TARGET` or of one of its objects, its record, and whether it has to be built. Like `emroot
    explain`.

    >>> explained = emroot.explain('wasm64/crt1')
    >>> len(explained.key), [name for name, _ in explained.record['members']]
    (64, ['crt1.o'])
    """
    from ..engine.explanation import explain_named
    from ..store import Store
    return explain_named(catalogue_of(sdk, home), Store(find_home(home).store), name, member)


def verify(*, repair: bool = False, sdk: StrPath | None = None, cache: StrPath | None = None,
           home: StrPath | None = None) -> Verified:
    """Compare everything in the store, in all its cache directories and in `cache` with the records. Like `emroot
    verify`.

    `repair` restores damaged files: the store from cache directories, headers also from their SDK (`sdk`, or any
    that `find_sdk` would find), then cache directories from the store. What has no copy is removed from the
    store.
    """
    from ..cache_directory.directory import recorded_files
    from ..cache_directory.verification import verify_cache
    from ..store import Store
    from ..store.verification import Restorer, Verified, verify_store
    where, found = find_home(home), Verified()
    caches = list(dict.fromkeys([*where.known_caches(), *([user_path(cache)] if cache else [])]))

    def copies() -> Iterator[tuple[str, Path]]:
        return ((str(record['digest']), cache / path) for cache in caches for path, record in recorded_files(cache))
    with Store(where.store) as store:
        restorer = Restorer(store, copies, caches, partial(_install_headers, where, store, sdk)) if repair else None
        verify_store(store, found, restorer)
        for directory in caches:  # last: they take their right content from the store
            verify_cache(directory, store, found, restorer)
    return found


def _install_headers(home: Home, store: Store, explicit: StrPath | None, key: str) -> bool:
    from ..cache_directory.sysroot_headers import ensure_headers, headers_key
    from ..libraries.catalogue import Catalogue
    from ..sdk.discovery import candidates
    from ..sdk.identity_cache import inspect
    for candidate in candidates(home, explicit):
        with contextlib.suppress(SdkError):  # it may be another that has them
            sdk = inspect(candidate.root, candidate.how, home)
            if headers_key(sdk) == key:
                ensure_headers(Catalogue(sdk, home), store)
                return True
    return False


def gc(*, max_size: int | None = None, max_age: float | None = None, dry_run: bool = False,
       home: StrPath | None = None) -> Collected:
    """Remove from the store what exceeds `max_size` bytes or was not used for `max_age` seconds, the least
    recently used first; never files of a cache directory or a running build. Like `emroot gc`.

    >>> emroot.gc(max_size=1 << 40, dry_run=True).bytes
    0
    """
    from ..cache_directory.garbage_collection import collect_garbage
    if max_size is None and max_age is None:
        raise UsageError('no limit is given', hint='give --max-size 5G, --max-age 90d, or both')
    return collect_garbage(find_home(home), max_size=max_size, max_age=max_age, dry_run=dry_run)
