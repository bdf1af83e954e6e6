"""The manifest of a bundle: its first member, which determines everything that follows before it is read.

    {"schema": 1, "sdk": {"version", "digest"}, "modes": {"wasm64-lto": ["libc", ...]},
     "files": {PATH: {"sha256", "size"}                                       a header, or emcc's stamp
                     {"sha256", "size", "kind", "key", "located"?}}}          a library

It contains no time and nothing about the machine. A file has `located`, the digest of the SDK's location, if its
bytes contain that path: the same SDK in another directory gives other bytes. It has a checksum like the store's
records.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import schemas
from ..engine.embuilder import is_inside
from ..errors import UsageError
from ..hashing import canonical_json
from ..modes import all_modes
from ..store import Blob
from ..store.records import is_below, is_digest, seal, unseal

NAME = '.emroot/manifest.json'
KIND = 'bundle'
#: An upper bound for the size of a bundle in bytes: all targets of all modes are 9 GB.
LARGEST_FILE, LARGEST = 2 << 30, 64 << 30
ARCHIVE, EMBUILDER = 'archive', 'embuilder'


@dataclass(frozen=True, kw_only=True)
class LibraryRecord:
    """The kind and key of a file's record in the store."""

    kind: str
    key: str
    location: str = ''
    """The digest of the SDK location in the bytes (see `Sdk.location_key`); empty for none."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The content of the manifest. Paths are relative to the cache directory, with forward slashes."""

    version: str
    digest: str
    modes: Mapping[str, list[str]]
    headers: Mapping[str, Blob]
    libraries: Mapping[str, tuple[Blob, LibraryRecord]]

    @property
    def files(self) -> dict[str, Blob]:
        """Every member except the manifest itself, in the order of the archive."""
        found = {**self.headers, **{path: blob for path, (blob, _) in self.libraries.items()}}
        return dict(sorted(found.items()))

    def to_bytes(self) -> bytes:
        """The JSON text, with its checksum."""
        files: dict[str, dict[str, Any]] = {path: _sized(blob) for path, blob in self.headers.items()}
        for path, (blob, made) in self.libraries.items():
            files[path] = {**_sized(blob), 'kind': made.kind, 'key': made.key,
                           **({'located': made.location} if made.location else {})}
        document = {'schema': schemas.BUNDLE, 'sdk': {'version': self.version, 'digest': self.digest}, 'modes': self.modes,
                    'files': files}
        return canonical_json(seal(document, KIND, self.digest)).encode() + b'\n'


def read_manifest(text: bytes) -> Manifest:
    """Parse the bytes of `to_bytes`. Raises `UsageError` for anything else."""
    try:
        document = json.loads(text)
        if document['schema'] == schemas.BUNDLE and not unseal(document, KIND, document['sdk']['digest']):
            raise refused('its manifest is damaged')
        schema, sdk, modes, files = (document[name] for name in ('schema', 'sdk', 'modes', 'files'))
        if schema != schemas.BUNDLE:
            raise UsageError(f'the archive has format {str(schema)[:20]!r}, but this emroot reads {schemas.BUNDLE}',
                             hint='import it with the emroot that made it, or export it again with this one')
        read = {path: _file(path, fields) for path, fields in files.items()}
        manifest = Manifest(
            version=str(sdk['version']), digest=str(sdk['digest']), modes=_modes(modes),
            headers={path: blob for path, (blob, made) in read.items() if made is None},
            libraries={path: (blob, made) for path, (blob, made) in read.items() if made is not None})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise refused(f'its manifest has invalid content ({type(error).__name__}: {str(error)[:80]})') from error
    if sum(blob.size for blob, _ in read.values()) > LARGEST:
        raise refused('it is larger than any set of libraries')
    _refuse_files_below_files(read)
    return manifest


def refused(why: str) -> UsageError:
    """The error for a damaged or malicious archive; nothing of it is kept."""
    return UsageError(f'the archive is refused: {why}',
                      hint='get it again, and compare its sha256 with the one that `emroot export` printed')


def _sized(blob: Blob) -> dict[str, Any]:
    return {'sha256': blob.digest, 'size': blob.size}


def _modes(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    names = {mode.name for mode in all_modes()}
    if not all(mode in names and isinstance(targets, list) and all(isinstance(t, str) for t in targets)
               for mode, targets in fields.items()):
        raise ValueError('modes')
    return fields


def _file(path: str, fields: dict[str, Any]) -> tuple[Blob, LibraryRecord | None]:
    blob = Blob.of(fields['sha256'], fields['size'])
    if blob is None or isinstance(fields['size'], bool) or blob.size > LARGEST_FILE:
        raise ValueError(path)
    if not is_below(path) or not path.isprintable():
        raise ValueError(path)
    if 'kind' not in fields:
        if path != 'sysroot_install.stamp' and not path.startswith('sysroot/'):
            raise ValueError(path)
        return blob, None
    location = fields.get('located', '')
    if not is_digest(fields['key']) or not (location == '' or is_digest(location)) or not is_inside(path):
        raise ValueError(path)
    if fields['kind'] not in (ARCHIVE, EMBUILDER) or (fields['kind'] == ARCHIVE and not path.startswith('sysroot/lib/')):
        raise ValueError(path)
    return blob, LibraryRecord(kind=fields['kind'], key=fields['key'], location=location)


def _refuse_files_below_files(paths: Iterable[str]) -> None:
    listed = set(paths)
    for path in listed:
        parts = path.split('/')
        if any('/'.join(parts[:n]) in listed for n in range(1, len(parts))):
            raise refused(f'{path!r} is below a file')
