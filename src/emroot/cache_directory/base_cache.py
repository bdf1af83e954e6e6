"""Bases: read-only cache directories whose valid libraries are used without a build.

The content of a base is described by emroot's records in it, or by the manifest of an unpacked `emroot export`,
whose digests are compared before use. The SDK's own cache, a base by default, has neither. A library that emcc or
a packager left there is used if it has the same members as this SDK's library, is complete, is no older than any
source of the SDK (which may have been edited), and does not contain the path of the SDK (as libraries do that
emcc of some releases builds on demand).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..hashing import digest_bytes, digest_file, digest_record
from ..host import leb128
from ..host.ar import read_archive
from ..host.files import read_file, stat_files
from ..host.home import read_json
from ..sdk import Sdk
from ..store.records import is_below, is_digest
from .directory import FOREIGN, SANITY, recorded_files

_MANIFEST = '.emroot/manifest.json'


@dataclass(frozen=True)
class BaseEntry:
    """A valid file in a base."""

    file: Path
    digest: str
    location: str
    """The digest of the SDK location in its bytes (`Sdk.location_key`); empty for none."""


class BaseCache:
    def __init__(self, root: Path, sdk: Sdk) -> None:
        self.root, self._sdk = root.absolute(), sdk
        #: Whether it is the SDK's own cache, which emcc may change at any time: files are copied before use.
        self.is_the_sdks = self.root.resolve() in [location.resolve() for location in sdk.caches]

    def find(self, path: str, key: str, *, own_location: bool, members: Sequence[str] = ()) -> BaseEntry | None:
        """The file at `path` (relative), if it is intact and made for `key` of `members`."""
        if not is_below(path) or not (self.root / path).is_file():
            return None
        record = self._record(path)
        if record is None:
            return self._find_unsaid(path, members) if self.is_the_sdks else None
        try:
            digest = digest_file(self.root / path)
        except OSError:
            return None
        if record.get('key') != key or record.get('digest') != digest:
            return None
        location = _location(record)
        is_usable = not own_location or location in ('', self._sdk.location_key)
        return BaseEntry(self.root / path, digest, location) if is_usable else None

    def _find_unsaid(self, path: str, members: Sequence[str]) -> BaseEntry | None:
        """A file of the SDK's own cache, which has no record."""
        if not self._is_of_this_sdk:
            return None
        content = read_file(self.root / path)
        if os.stat(self.root / path).st_mtime < self._newest_source:
            return None
        if not content or os.fsencode(self._sdk.root) in content:
            return None
        whole = _has_members(content, members) if path.endswith('.a') else _is_whole_object(content)
        return BaseEntry(self.root / path, digest_bytes(content), '') if whole else None

    @cached_property
    def _is_of_this_sdk(self) -> bool:
        """Whether emcc would use this cache. One without a marker came with the SDK, if it is inside."""
        record = read_file(self.root / SANITY)
        if record is None:
            return self._sdk.root in self.root.parents
        return record == self._sdk.sanity.encode(errors='surrogateescape')

    @cached_property
    def _newest_source(self) -> float:
        """The latest modification of a source or header of the SDK, in seconds since 1970."""
        return max((found.st_mtime for folder, _, names in os.walk(self._sdk.root / 'system')
                    for found in stat_files(folder, names, follow_symlinks=False)), default=0.0)

    def files(self, key: str, *, own_location: bool) -> dict[str, BaseEntry]:
        """All files that were made for `key`, by path; none unless all are intact."""
        paths = self._by_key.get(key, [])
        found = {path: self.find(path, key, own_location=own_location) for path in paths}
        whole = {path: based for path, based in found.items() if based}
        return whole if len(whole) == len(paths) else {}

    def _record(self, path: str) -> Mapping[str, Any] | None:
        """The record of a file, in the format of a cache directory's records."""
        return read_json(self.root / '.emroot' / f'{path}.json') or self._manifest.get(path)

    @cached_property
    def _manifest(self) -> dict[str, dict[str, Any]]:
        document = read_json(self.root / _MANIFEST) or {}
        try:
            if document.get('sdk', {}).get('digest') != self._sdk.digest:
                return {}
            return {path: {'key': record['key'], 'digest': record['sha256'], 'places': FOREIGN if record.get('located') else None,
                           'place': record.get('located', '')} for path, record in document['files'].items() if 'key' in record}
        except (KeyError, TypeError, AttributeError):
            return {}

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path, record in itertools.chain(recorded_files(self.root), self._manifest.items()):
            found.setdefault(str(record.get('key')), []).append(path)
        return found


def own_bases(sdk: Sdk, cache: Path) -> list[BaseCache]:
    """The SDK's own caches, as bases of another cache directory."""
    return [BaseCache(location, sdk) for location in sdk.caches
            if (location / 'sysroot' / 'lib').is_dir() and location.resolve() != cache.resolve()]


def _has_members(archive: bytes, members: Sequence[str]) -> bool:
    try:
        return [name for name, _ in read_archive(archive)] == list(members)
    except ValueError:
        return False


def _is_whole_object(content: bytes) -> bool:
    """Whether an object reaches to the end of its last section."""
    if not content.startswith(b'\0asm'):
        return len(content) >= 8 and (not content.startswith(b'BC\xc0\xde') or len(content) % 4 == 0)
    at = 8
    try:
        while at < len(content):
            size, at = leb128.decode(content, at + 1)
            at += size
    except (IndexError, ValueError):
        return False
    return at == len(content)


def _location(record: Mapping[str, Any]) -> str:
    """The digest of the SDK location in a file's bytes: the record has the digest, or the path itself."""
    embedded = record.get('places')
    if embedded == FOREIGN:
        return str(record.get('place')) if is_digest(record.get('place')) else '0' * 64
    return digest_record({'places': embedded}) if embedded else ''
