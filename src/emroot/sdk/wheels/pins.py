"""Pinned wheels of programs that emroot runs: version and digests. `python3 dev.py pins` updates the data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: By package its `version`, and in `wheels` the sha256 of each file that may be used, one for each platform.
PINS = Path(__file__).with_name('pins.json')


@dataclass(frozen=True)
class Pin:
    """One version of a package of the Python package index."""

    name: str
    version: str
    wheels: Mapping[str, str]
    """File name -> sha256. pip selects the file for its platform."""

    @property
    def requirement(self) -> str:
        """The requirement for pip."""
        return f'{self.name}=={self.version}'


def pinned(name: str, pins: Path = PINS) -> Pin:
    """The pinned version of a package."""
    found = json.loads(pins.read_text(encoding='utf-8'))[name]
    return Pin(name, found['version'], found['wheels'])
