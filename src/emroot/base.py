"""A base: a cache directory of somebody else's, never written to, whose libraries are used in place where they are right.

What is in it is told by the records that emroot left there, or by the manifest of an unpacked `emroot export`; either way a
file's digest is compared before it is used. The SDK's own `cache`, which has neither, is the SDK's word for what is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .cachedir import FOREIGN, recorded_files
from .canonical import digest_file, digest_record
from .files import read_file
from .home import read_memo
from .sdk import Sdk
from .store.records import is_below, is_digest

_MANIFEST = '.emroot/manifest.json'


@dataclass(frozen=True)
class Based:
    """A file of a base."""

    file: Path
    digest: str
    place: str
    """The digest of the place that its bytes carry (`Sdk.place`); empty for none."""


class Base:
    """One base, for one SDK."""

    def __init__(self, root: Path, sdk: Sdk) -> None:
        self.root, self._sdk = root.absolute(), sdk
        self._is_the_sdks = self.root.resolve() == (sdk.root / 'cache').resolve()

    def find(self, path: str, key: str, *, own_place: bool) -> Based | None:
        """The file at `path` (relative) if it is what `key` makes, whole."""
        if not is_below(path) or not (self.root / path).is_file():
            return None
        said = self._said(path)
        try:
            digest = digest_file(self.root / path)
        except OSError:
            return None
        if said is None:
            return Based(self.root / path, digest, '') if self._is_the_sdks else None
        if said.get('key') != key or said.get('digest') != digest:
            return None
        place = _place(said)
        return None if own_place and place not in ('', self._sdk.place) else Based(self.root / path, digest, place)

    def files(self, key: str, *, own_place: bool) -> dict[str, Based]:
        """All files that `key` made, by path; none unless all are whole."""
        paths = self._by_key.get(key, [])
        found = {path: self.find(path, key, own_place=own_place) for path in paths}
        whole = {path: based for path, based in found.items() if based}
        return whole if len(whole) == len(paths) else {}

    def _said(self, path: str) -> Mapping[str, Any] | None:
        """What a record says of a file, in the words of a cache directory's."""
        return read_memo(self.root / '.emroot' / f'{path}.json') or self._manifest.get(path)

    @cached_property
    def _manifest(self) -> dict[str, dict[str, Any]]:
        try:
            document = json.loads(read_file(self.root / _MANIFEST) or b'{}')
            if document.get('sdk', {}).get('digest') != self._sdk.digest:
                return {}
            return {path: {'key': said['key'], 'digest': said['sha256'], 'places': FOREIGN if said.get('located') else None,
                           'place': said.get('located', '')} for path, said in document['files'].items() if 'key' in said}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path, said in self._all():
            found.setdefault(str(said.get('key')), []).append(path)
        return found

    def _all(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        yield from recorded_files(self.root)
        yield from self._manifest.items()


def _place(said: Mapping[str, Any]) -> str:
    """The digest of the place in a file's bytes: recorded as such, or as the place itself."""
    places = said.get('places')
    if places == FOREIGN:
        return str(said.get('place')) if is_digest(said.get('place')) else '0' * 64
    return digest_record({'places': places}) if places else ''
