"""Warnings on standard error, and as annotations in GitHub Actions."""

from __future__ import annotations

import sys

from ...hashing import digest_bytes
from ...host.home import Home, read_json, write_json
from .color import paint
from .github_actions import annotate


def warn(text: str, hint: str = '') -> None:
    """Print a warning."""
    print(f'{paint("emroot: warning:", "odd", sys.stderr)} {text}' + (f'\n  hint: {hint}' if hint else ''), file=sys.stderr)
    annotate('warning', 'emroot', f'{text}; {hint}' if hint else text)


def warn_once(home: Home, about: str, text: str) -> None:
    """Print a warning, unless there was one `about` the same subject before."""
    marker = home.memo / 'warned' / f'{digest_bytes(about.encode())[:16]}.json'
    if read_json(marker) is None:
        write_json(marker, {'text': text})
        warn(text)
