"""Formatting of sizes, durations, names and tool output."""

from __future__ import annotations

import os
import re

#: Control sequences of terminals, and other control characters.
_CONTROLS = r'\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]'
#: The number of lines from each end of tool output, and of characters per line, that are shown.
LINES, WIDTH = 100, 2000


def format_size(count: float) -> str:
    """Bytes as text: `1.3 MB`."""
    for unit in ('B', 'kB', 'MB'):
        if count < 1000:
            return f'{count:.0f} {unit}' if unit == 'B' or count >= 100 else f'{count:.1f} {unit}'
        count /= 1000
    return f'{count:.1f} GB'


def parse_size(text: str) -> int:
    """Bytes of a size as people write it: `5G`, `5g`, `5GB`, `5 GiB`, each 5 times 2 to the 30th; `500m`, `100k`,
    `1.5T`, `1000`. Raises `ValueError` for what is none."""
    found = re.fullmatch(r'\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?\s*', text, re.IGNORECASE | re.ASCII)
    if not found:
        raise ValueError(f'{text!r} is not a size such as 5G')
    number, unit = found.groups()
    return int(float(number) * (1 << 10 * ('kmgt'.index(unit.lower()) + 1) if unit else 1))


def format_duration(seconds: float) -> str:
    """Seconds as text, rounded according to their length: `12.3 s`, `4 min 05 s`, `1 h 02 min`."""
    if seconds < 60:
        return f'{seconds:.1f} s'
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes} min {rest:02} s' if minutes < 60 else f'{minutes // 60} h {minutes % 60:02} min'


def format_estimate(seconds: float) -> str:
    """An estimate in rounded form: `about 40 s`, `about 3 min`, `about 1 h 20 min`."""
    if seconds < 10:
        return 'a few seconds'
    if seconds < 55:
        return f'about {5 * round(seconds / 5)} s'
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f'about {minutes} min'
    return f'about {minutes // 60} h' + (f' {5 * round(minutes % 60 / 5):02} min' if 3 <= minutes % 60 <= 57 else '')


def display_path(name: str) -> str:
    """`MODE/TARGET`, with a space before a target that is a path (`wasm32 /ports/mine.py`)."""
    mode, _, target = name.partition('/')
    return f'{mode} {target}' if os.path.isabs(target) else name


def printable(text: str) -> str:
    """Tool output without control sequences of terminals."""
    return re.sub(_CONTROLS, '', text)


def excerpt(message: str) -> str:
    """Tool output for display: no control sequences, and only the first and last lines of very long output."""
    lines = message.splitlines()
    if left_out := len(lines) - 2 * LINES if len(lines) > 2 * LINES + 1 else 0:
        lines[LINES:-LINES] = [f'... {left_out} lines omitted, see the log ...']
    return '\n'.join(printable(line if len(line) <= WIDTH else f'{line[:WIDTH]}...') for line in lines)
