"""Lazy links in a cache directory: their number, and the libraries not built whole (`.emroot/lazy/MODE.json`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..hashing import digest_record
from ..host.home import read_json, write_json
from ..host.quoting import quoted
from ..modes import Mode, all_modes
from ..schemas import KEYS, LINKS

if TYPE_CHECKING:
    from ..keys.plan import Archive
    from ..sdk import Sdk


@dataclass(frozen=True)
class LinkCount:
    """The lazy links of one mode in a cache directory."""

    count: int = 0
    seconds: float = 0.0
    """Their total time, without compiles."""
    did_without: Collection[tuple[str, str]] = ()
    """The libraries that they did not build: target, and path in the cache directory."""


def read_links(cache: Path, mode: Mode) -> LinkCount:
    """The record of a mode; an empty one if there is none."""
    record = read_json(_file(cache, mode)) or {}
    try:
        return LinkCount(int(record['links']), float(record.get('seconds', 0.0)),
                         [(str(target), str(path)) for target, path in dict(record.get('without', {})).items()])
    except (KeyError, TypeError, ValueError):
        return LinkCount()


def note_link(cache: Path, mode: Mode, archives: Iterable[Archive], seconds: float) -> None:
    """Record a link without `archives`, which took `seconds` in addition to its compiles."""
    before = read_links(cache, mode)
    without = {**dict(before.did_without), **{archive.target: archive.path for archive in archives}}
    write_json(_file(cache, mode), {'links': before.count + 1, 'seconds': round(before.seconds + seconds, 3), 'without': without})


def link_identity(sdk: Sdk, *, own_location: bool) -> str:
    """What decides about the bytes of the libraries of a link, besides its options (`link_records.py`)."""
    return digest_record({'links': LINKS, 'keys': KEYS, 'sdk': sdk.digest, 'location': sdk.location_key, 'own': own_location})


def never_whole(cache: Path) -> dict[Mode, list[str]]:
    """By mode, the libraries that lazy links did not build and that are still missing."""
    found = {mode: sorted(target for target, path in read_links(cache, mode).did_without if not (cache / path).is_file())
             for mode in (all_modes() if (cache / '.emroot' / 'lazy').is_dir() else ())}
    return {mode: targets for mode, targets in found.items() if targets}


def completing_command(cache: Path, missing: dict[Mode, list[str]]) -> str:
    """The command that builds the missing libraries."""
    targets = ','.join(f'{mode}/{target}' for mode, names in missing.items() for target in names)
    return f'emroot build --cache {quoted(cache)} --targets {targets}'


def _file(cache: Path, mode: Mode) -> Path:
    return cache / '.emroot' / 'lazy' / f'{mode}.json'
