"""Protection against replayed indexes: old ones are signed, and bring back vulnerabilities."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from ...errors import SdkError
from ...hashing import digest_record
from ...host.home import read_json, write_json
from .apt import Apt

#: apt's messages about an index that is past its `Valid-Until`, or not valid yet.
_EXPIRED = re.compile(r'is expired|is not valid yet')


class StaleIndexError(SdkError):
    """A correctly signed index that is too old or expired. Another suite does not help."""


def update(apt: Apt, kept: Path) -> None:
    """Download a suite's index, and check that it is no older than the last one from the same address. The
    dates are recorded in the directory `kept`.

    Raises `StaleIndexError` if it is older, or apt finds it expired; `SdkError` if the download fails.
    """
    try:
        apt.update()
    except SdkError as error:
        if not _EXPIRED.search(error.message):
            raise
        raise StaleIndexError(f'the index of {apt.suite} in the package source is not valid now: {error.message}',
                              hint='check the clock of this machine; if it is right, the package server is out of date: '
                                   'use another mirror in the sources of apt, or `--from emsdk`') from error
    memo = kept / f'{digest_record([apt.uri, apt.suite])[:32]}.json'
    date, before = _parsed(apt.date()), _parsed(str((read_json(memo) or {}).get('date', '')))
    if before and (not date or date < before):
        raise StaleIndexError(f'the index of {apt.suite} in the package source has the date {date or "none"}, but earlier it had '
                              f'{before}: the server offers an old index',
                              hint='try again later, use another mirror in the sources of apt, or '
                              f'`--from emsdk`; if this is intended, delete {memo}')
    if date:
        write_json(memo, {'suite': apt.suite, 'date': date.isoformat()})


def _parsed(text: str) -> datetime | None:
    """A time in the format of signed files, or of the record; None if it is invalid."""
    try:
        found = datetime.fromisoformat(text) if text[:4].isdecimal() else parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)
