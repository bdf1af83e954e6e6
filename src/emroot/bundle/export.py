"""Writing a bundle: what a build has put into its cache directory for a selection, and the SDK's headers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..cachedir import HEADERS, CacheDirectory
from ..canonical import CHUNK, digest_file
from ..engine.build import Build
from ..engine.located import carries
from ..errors import StoreError, from_os_error
from ..files import replacing
from ..home import read_memo
from ..modes import Mode
from ..store import Blob
from . import tape
from .manifest import ARCHIVE, EMBUILDER, NAME, Library, Manifest


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    sha256: str
    tar_sha256: str
    """Of the tar file before it was compressed: the same whatever zlib or liblzma a machine has."""
    size: int
    manifest: Manifest


def export(build: Build, selected: Mapping[Mode, Sequence[str]], out: Path) -> Exported:
    """Write what a build made of a selection to `out`, compressed as its name says.

    Raises `StoreError` if the cache directory no longer has what was put there, or if `out` cannot be written.
    """
    manifest = describe(build, selected)
    try:
        with replacing(out) as temporary:
            digest = hashlib.sha256()
            with tape.compressed(temporary, out.name) as sink:
                for data in _members(manifest, build.cache.root):
                    digest.update(data)
                    sink.write(data)
            packed, size = digest_file(temporary), os.stat(temporary).st_size
    except OSError as error:
        raise from_os_error(error, f'writing {out}') from error
    return Exported(out, packed, digest.hexdigest(), size, manifest)


def describe(build: Build, selected: Mapping[Mode, Sequence[str]]) -> Manifest:
    """The manifest of a selection that was built."""
    cache, sdk = build.cache, build.cache.sdk
    libraries: dict[str, tuple[Blob, Library]] = {}
    for mode, targets in selected.items():
        for target in targets:
            known = build.known.get(mode, target)
            for path in known.paths if known else ():
                blob, place = _placed(cache, path)
                libraries[path] = blob, Library(kind=ARCHIVE if known and known.members else EMBUILDER,
                                                key=known.key if known else '', located=place)
    headers = {path: Blob(digest, os.lstat(cache.root / path).st_size) for path, digest in _headers(cache).items()
               if path not in libraries}
    return Manifest(version=sdk.version, digest=sdk.digest, headers=headers, libraries=libraries,
                    modes={mode.name: sorted(targets) for mode, targets in sorted(selected.items())})


def _placed(cache: CacheDirectory, path: str) -> tuple[Blob, str]:
    """A library in the cache directory, and the digest of the place that its bytes carry."""
    file, record = cache.root / path, cache.recorded(path)
    try:
        blob = Blob(digest_file(file), os.stat(file).st_size)
        if blob.digest != record.get('digest'):
            raise StoreError(f'{file} was changed since emroot installed it', hint='run `emroot verify --repair`')
        place = cache.carried(record)
        return blob, place if place != cache.sdk.place or carries(file, cache.sdk.places) else ''  # of a port: one of its files
    except OSError as error:
        raise from_os_error(error, 'reading the cache directory') from error


def _headers(cache: CacheDirectory) -> dict[str, str]:
    """The digest of each file that the SDK installs, by path."""
    folders = (read_memo(cache.root / HEADERS) or {}).get('folders')
    paths = [f'{folder}/{name}' if folder else name for folder, names in (folders or {}).items() for name in names]
    try:
        return {path: digest_file(cache.root / path) for path in paths}
    except OSError as error:
        raise from_os_error(error, 'reading the cache directory') from error


def _members(manifest: Manifest, root: Path) -> Iterator[bytes]:
    """The bytes of the archive, in order."""
    text = manifest.to_bytes()
    yield tape.header(NAME, len(text)) + text + tape.padding(len(text))
    for path, blob in manifest.files.items():
        yield tape.header(path, blob.size)
        with open(root / path, 'rb') as f:
            yield from _content(f, root / path, blob)
        yield tape.padding(blob.size)
    yield tape.END


def _content(file: IO[bytes], path: Path, blob: Blob) -> Iterator[bytes]:
    digest, left = hashlib.sha256(), blob.size
    while left and (chunk := file.read(min(CHUNK, left))):
        digest.update(chunk)
        left -= len(chunk)
        yield chunk
    if digest.hexdigest() != blob.digest:
        raise StoreError(f'{path} was changed while it was exported', hint='run the command again')
