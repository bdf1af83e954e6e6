"""Messages on standard error: warnings, and colours (NO_COLOR, FORCE_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM=dumb,
terminals)."""

from __future__ import annotations

import os
import sys
from typing import IO

from ...hashing import digest_bytes
from ...host.home import Home, read_json, write_json
from .github_actions import annotate

_CODES = {'bad': '31;1', 'good': '32', 'odd': '33'}


def wants_colour(stream: IO[str]) -> bool:
    """Whether a stream gets colours. Variables that forbid them (https://no-color.org) come first."""
    env = os.environ
    if env.get('NO_COLOR'):
        return False
    if env.get('FORCE_COLOR', '0') not in ('', '0', 'false') or env.get('CLICOLOR_FORCE', '0') not in ('', '0'):
        return True
    if env.get('CLICOLOR') == '0' or env.get('TERM') == 'dumb' or not stream.isatty():
        return False
    return os.name != 'nt' or bool(env.get('WT_SESSION') or env.get('ANSICON') or env.get('TERM'))


def paint(text: str, style: str, stream: IO[str]) -> str:
    """Text in a style (`bad`, `good`, `odd`), if the stream gets colours."""
    return f'\033[{_CODES[style]}m{text}\033[0m' if wants_colour(stream) else text


def warn(text: str, hint: str = '') -> None:
    print(f'{paint("emroot: warning:", "odd", sys.stderr)} {text}' + (f'\n  hint: {hint}' if hint else ''), file=sys.stderr)
    annotate('warning', 'emroot', f'{text}; {hint}' if hint else text)


def warn_once(home: Home, about: str, text: str) -> None:
    """Print a warning, unless there was one `about` the same subject before."""
    marker = home.memo / 'warned' / f'{digest_bytes(about.encode())[:16]}.json'
    if read_json(marker) is None:
        write_json(marker, {'text': text})
        warn(text)
