"""Write a bundle: the libraries of a selection from a cache directory, and the SDK's headers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..cache_directory.directory import HEADERS, CacheDirectory
from ..engine.build import Build
from ..errors import StoreError, from_os_error
from ..hashing import CHUNK, digest_file
from ..host.files import atomic_write
from ..host.home import read_json
from ..keys.location import embeds_path
from ..modes import Mode
from ..store import Blob
from . import tar_format
from .manifest import ARCHIVE, EMBUILDER, NAME, LibraryRecord, Manifest


@dataclass(frozen=True)
class Exported:
    path: Path
    sha256: str
    tar_sha256: str
    """The sha256 of the tar file before compression: independent of the version of zlib or liblzma."""
    size: int
    manifest: Manifest


def export_bundle(build: Build, selected: Mapping[Mode, Sequence[str]], out: Path) -> Exported:
    """Write the libraries of a selection to `out`, compressed according to its name. Raises `StoreError` if a
    file of the cache directory was changed, or if `out` cannot be written."""
    manifest = describe(build, selected)
    try:
        with atomic_write(out) as temporary:
            digest = hashlib.sha256()
            with tar_format.compressed(temporary, out.name) as sink:
                for data in _members(manifest, build.cache.root):
                    digest.update(data)
                    sink.write(data)
            packed, size = digest_file(temporary), os.stat(temporary).st_size
    except OSError as error:
        raise from_os_error(error, f'writing {out}') from error
    return Exported(out, packed, digest.hexdigest(), size, manifest)


def describe(build: Build, selected: Mapping[Mode, Sequence[str]]) -> Manifest:
    cache, sdk = build.cache, build.cache.sdk
    libraries: dict[str, tuple[Blob, LibraryRecord]] = {}
    for mode, targets in selected.items():
        for target in targets:
            known = build.known.get(mode, target)
            for path in known.paths if known else ():
                blob, location = _recorded_blob(cache, path)
                libraries[path] = blob, LibraryRecord(kind=ARCHIVE if known and known.members else EMBUILDER,
                                                      key=known.key if known else '', location=location)
    headers = {path: Blob(digest, os.lstat(cache.root / path).st_size) for path, digest in _headers(cache).items()
               if path not in libraries}
    return Manifest(version=sdk.version, digest=sdk.digest, headers=headers, libraries=libraries,
                    modes={mode.name: sorted(targets) for mode, targets in sorted(selected.items())})


def _recorded_blob(cache: CacheDirectory, path: str) -> tuple[Blob, str]:
    """A library in the cache directory, and the digest of the SDK location in its bytes (empty for none)."""
    file, record = cache.root / path, cache.recorded(path)
    try:
        blob = Blob(digest_file(file), os.stat(file).st_size)
        if blob.digest != record.get('digest'):
            raise StoreError(f'{file} was changed since emroot installed it', hint='run `emroot verify --repair`')
        location = cache.location_of(record)
        # of a port: one of its files
        return blob, location if location != cache.sdk.location_key or embeds_path(file, cache.sdk.embedded_paths) else ''
    except OSError as error:
        raise from_os_error(error, 'reading the cache directory') from error


def _headers(cache: CacheDirectory) -> dict[str, str]:
    """The sha256 of each file that the SDK installs, by path."""
    folders = (read_json(cache.root / HEADERS) or {}).get('folders')
    paths = [f'{folder}/{name}' if folder else name for folder, names in (folders or {}).items() for name in names]
    try:
        return {path: digest_file(cache.root / path) for path in paths}
    except OSError as error:
        raise from_os_error(error, 'reading the cache directory') from error


def _members(manifest: Manifest, root: Path) -> Iterator[bytes]:
    """The bytes of the archive, in order."""
    text = manifest.to_bytes()
    yield tar_format.header(NAME, len(text)) + text + tar_format.padding(len(text))
    for path, blob in manifest.files.items():
        yield tar_format.header(path, blob.size)
        with open(root / path, 'rb') as f:
            yield from _content(f, root / path, blob)
        yield tar_format.padding(blob.size)
    yield tar_format.END


def _content(file: IO[bytes], path: Path, blob: Blob) -> Iterator[bytes]:
    digest, left = hashlib.sha256(), blob.size
    while left and (chunk := file.read(min(CHUNK, left))):
        digest.update(chunk)
        left -= len(chunk)
        yield chunk
    if digest.hexdigest() != blob.digest:
        raise StoreError(f'{path} was changed while it was exported', hint='run the command again')
