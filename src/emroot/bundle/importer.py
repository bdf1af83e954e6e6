"""Import a bundle into the store and a cache directory: all of it or nothing. The whole archive is read and
compared with its manifest first. Headers are only compared, since every SDK installs its own."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..cache_directory.directory import CacheDirectory
from ..cache_directory.sysroot_headers import headers_with_files
from ..cache_directory.verification import clear_cache
from ..errors import UsageError, from_os_error
from ..formatting import format_size
from ..hashing import CHUNK, Record, digest_file
from ..host.files import SMALL, remove_tree
from ..host.home import Home
from ..keys.location import candidate_keys
from ..libraries.catalogue import Catalogue
from ..sdk import Sdk
from ..store import Blob, Store
from . import tar_format
from .manifest import ARCHIVE, EMBUILDER, NAME, LibraryRecord, Manifest, read_manifest, refused

_SIZE = slice(124, 136)


@dataclass(frozen=True)
class Imported:
    manifest: Manifest
    foreign: tuple[str, ...]
    """Files that contain the path of an SDK in another directory."""


def import_bundle(file: Path, catalogue: Catalogue, home: Home, store: Store, cache: CacheDirectory, *, sha256: str = '',
                  force: bool = False) -> Imported:
    """Raises `UsageError` if the archive is not in the format of `export`, its sha256 is not `sha256` (if given),
    or it is for another SDK (unless `force`)."""
    with store, contextlib.closing(cache):
        aside = store.scratch() / 'import'
        try:
            aside.mkdir()
            manifest = _read(file, aside, catalogue, sha256=sha256, force=force)
            return _install(manifest, aside, catalogue, home, store, cache)
        finally:
            remove_tree(aside)


def _read(file: Path, aside: Path, catalogue: Catalogue, *, sha256: str, force: bool) -> Manifest:
    try:
        raw = open(file, 'rb')  # noqa: SIM115  # closed below
    except OSError as error:
        raise UsageError(f'{file} cannot be read: {error.strerror}', hint='give an archive from `emroot export`') from error
    with raw:
        if not raw.seekable():
            raise UsageError(f'{file} is a pipe, but an archive is read more than once',
                             hint='write it to a file, and import the file')
        if sha256 and (found := digest_file(file)) != sha256.lower():
            raise refused(f'its sha256 is {found}, not {sha256}')
        try:
            with tar_format.open_archive(raw) as stream:
                manifest = _manifest(stream)
                _refuse_other_sdk(manifest, catalogue, force=force)
                _require_space(manifest, aside)
                for path, blob in manifest.files.items():
                    _expect(stream, tar_format.header(path, blob.size), f'the header of {path!r}')
                    kept = aside / blob.digest if path in manifest.libraries else None
                    _take_file(stream, path, blob, kept)
                _expect(stream, tar_format.END, 'the end')
                rest = stream.read(CHUNK + 1)  # tar programs make it whole records of 10 kB
                if len(rest) > CHUNK or rest.strip(b'\0'):
                    raise refused('there is data after its end')
        except tar_format.DAMAGED as error:
            raise refused(f'it is damaged: {error}') from error
    return manifest


def _manifest(stream: IO[bytes]) -> Manifest:
    head = tar_format.read_exactly(stream, tar_format.BLOCK)
    try:
        size = int(head[_SIZE].rstrip(b' \0'), 8)
    except ValueError:
        size = -1
    if not 0 <= size <= SMALL or head != tar_format.header(NAME, size):
        raise refused('it has no manifest at the start, so it is not from `emroot export`')
    text = tar_format.read_exactly(stream, size)
    _expect(stream, tar_format.padding(size), 'the end of the manifest')
    return read_manifest(text)


def _refuse_other_sdk(manifest: Manifest, catalogue: Catalogue, *, force: bool) -> None:
    if manifest.digest != catalogue.sdk.digest and not force:
        mine = catalogue.sdk
        raise UsageError(f'the archive is for another SDK ({manifest.version}, {manifest.digest[:12]}) than the SDK in use '
                         f'({mine.version}, {mine.digest[:12]})',
                         hint='choose that SDK with --sdk, or export with this one; --force imports it anyway')


def _require_space(manifest: Manifest, aside: Path) -> None:
    """Raise an error before unpacking if the disk is too small: a few bytes of an archive can become many."""
    needed = sum({blob.digest: blob.size for blob, _ in manifest.libraries.values()}.values())
    if needed > shutil.disk_usage(aside).free:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(aside))
        raise from_os_error(full, f'importing {format_size(needed)} of libraries')


def _expect(stream: IO[bytes], data: bytes, what: str) -> None:
    if tar_format.read_exactly(stream, len(data)) != data:
        raise refused(f'{what} does not match its manifest')


def _take_file(stream: IO[bytes], path: str, blob: Blob, kept: Path | None) -> None:
    """Read one file and compare it with the manifest; write it to `kept`, if given."""
    digest, left = hashlib.sha256(), blob.size
    with open(kept, 'wb') if kept else contextlib.nullcontext() as sink:
        while left:
            chunk = tar_format.read_exactly(stream, min(CHUNK, left))
            digest.update(chunk)
            left -= len(chunk)
            if sink:
                sink.write(chunk)
    if digest.hexdigest() != blob.digest:
        raise refused(f'the content of {path!r} does not match its manifest')
    _expect(stream, tar_format.padding(blob.size), f'the end of {path!r}')


def _install(manifest: Manifest, aside: Path, catalogue: Catalogue, home: Home, store: Store, cache: CacheDirectory) -> Imported:
    headers, own = headers_with_files(catalogue, store)
    if overwritten := sorted(own.keys() & manifest.libraries.keys()):
        raise refused(f'it would replace a header of the SDK: {overwritten[0]!r}')
    if cache.is_anothers():
        clear_cache(cache.root)
    cache.prepare(headers)
    home.remember_cache(cache.root)
    for digest in sorted({blob.digest for blob, _ in manifest.libraries.values()}):
        store.add_file(aside / digest, digest)
    for kind, key, record in _records(manifest, catalogue.sdk):
        store.write(kind, key, record)
    foreign = []
    for path, (blob, made) in sorted(manifest.libraries.items()):
        if made.location not in ('', catalogue.sdk.location_key):
            foreign.append(path)
            if cache.holds(path, made.key):
                continue  # what was made here is better
        cache.put(path, made.key, blob, store, carries=made.location)
    return Imported(manifest, tuple(foreign))


def _records(manifest: Manifest, sdk: Sdk) -> Iterator[tuple[str, str, Record]]:
    """The records of the libraries for the store."""
    by_key: dict[str, dict[str, tuple[Blob, LibraryRecord]]] = {}
    for path, (blob, made) in manifest.libraries.items():
        if made.kind == EMBUILDER:
            by_key.setdefault(made.key, {})[path] = blob, made
        else:
            yield _record(ARCHIVE, made.key, made.location, sdk, {'digest': blob.digest, 'size': blob.size, 'path': path})
    for key, files in by_key.items():
        locations = {made.location for _, made in files.values()} - {''}
        if len(locations) <= 1:
            yield _record(EMBUILDER, key, next(iter(locations), ''), sdk, {
                'files': {path: [blob.digest, blob.size] for path, (blob, _) in sorted(files.items())}})


def _record(kind: str, key: str, location: str, sdk: Sdk, record: Record) -> tuple[str, str, Record]:
    """A record under the key for its SDK location. It says so if the location is not this SDK's."""
    (local, here), (plain, none), (anywhere, _) = candidate_keys(key, kind, sdk)
    if location in (here, none):
        return kind, local if location else plain, record
    return kind, anywhere, {**record, 'place': location}
