"""The requests to a remote before anything is compiled, and the uploads afterwards: whole archives, and outputs of embuilder.

One request replaces the thousand for the objects of a libc. An archive that the remote lacks is compiled here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..keys.location import KeysOf, local_key, portable_key
from ..keys.plan import Compile, Plan
from ..remote.client import DownloadRequest, UploadRequest
from ..sdk import Sdk
from ..store import Store
from . import archives, embuilder

#: Assumed build time of a target of embuilder in seconds.
_EMBUILDER_SECONDS = 5.0


def archive_requests(plan: Plan, store: Store, keys_of: KeysOf, expected: Callable[[Compile], float],
                     workers: int) -> Iterator[DownloadRequest]:
    """Requests for the archives of a plan that the store lacks, each with the compile time that it saves."""
    for archive in plan.archives:
        if keys := _missing(archive.key, archives.KIND, store, keys_of):
            seconds = sum(expected(plan.compiles[key]) for key in {key for _, key in archive.members})
            yield DownloadRequest(archives.KIND, keys, seconds / workers, tuple(name for name, _ in archive.members))


def embuilder_requests(targets: Iterable[str], store: Store, keys_of: KeysOf) -> Iterator[DownloadRequest]:
    """Requests for the targets that embuilder would have to build."""
    for target in targets:
        if keys := _missing(target, embuilder.KIND, store, keys_of):
            yield DownloadRequest(embuilder.KIND, keys, _EMBUILDER_SECONDS)


def _missing(key: str, kind: str, store: Store, keys_of: KeysOf) -> tuple[str, ...]:
    """All keys of a result, if the store has it under none of them."""
    keys = tuple(each for each, _ in keys_of(key, kind))
    return () if any(store.read(kind, each) for each in keys) else keys


def upload_of(key: str, what: str, sdk: Sdk, *, location_dependent: bool) -> UploadRequest:
    """The upload of a local result. With this SDK's path in it, it has a second key for SDKs elsewhere."""
    if not location_dependent:
        return UploadRequest(what, key)
    return UploadRequest(what, local_key(key, sdk.embedded_paths, what), portable_key=portable_key(key, what),
                         location=sdk.location_key)
