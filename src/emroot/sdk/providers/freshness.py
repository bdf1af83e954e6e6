"""Signed indexes do not go back: whoever serves an old one again would serve the flaws of then, signed as ever."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from ...errors import SdkError
from ...hashing import digest_record
from ...host.home import read_json, write_json
from .apt import Apt

#: How apt says that a signed index counts no more (its `Valid-Until`), or not yet.
_EXPIRED = re.compile(r'is expired|is not valid yet')


class StaleIndexError(SdkError):
    """An index that is signed, but not to be used now. Another suite is no answer to it."""


def update(apt: Apt, kept: Path) -> None:
    """Get a suite's index and see that it is no older than any before from the same address; the dates are `kept` in a directory.

    Raises `StaleIndexError` if it is older, or apt finds it expired; `SdkError` if it cannot be had.
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
    """A point in time as signed files say it, or as it was kept; None if it is none."""
    try:
        found = datetime.fromisoformat(text) if text[:4].isdecimal() else parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)
