"""axe-core, which finds what keeps people from using a page; from a wheel that carries it, by the pip of this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dev.paths import ROOT, dev_cache
from emroot.errors import SdkError
from emroot.sdk.wheels.pip_wheels import get_wheel, pinned

from ..downloads.debian_packages import ProgramUnavailable
from .devtools import Page

_PINS = ROOT / 'tests/support/downloads/pins.json'
_WHEEL = 'axe-playwright-python'  # 0.1.8 has axe-core 4.12.1
_FILE = 'axe_playwright_python/axe.min.js'


def axe_source() -> str:
    """The script, got the first time. Raises `ProgramUnavailable`."""
    pin = pinned(_WHEEL, _PINS)
    directory = dev_cache() / 'programs' / pin.requirement
    if not (directory / _FILE).is_file():
        try:
            get_wheel(pin, directory, keep=lambda name: name == _FILE)
        except SdkError as error:
            raise ProgramUnavailable(f'axe-core cannot be had: {error.message}') from error
    return Path(directory / _FILE).read_text(encoding='utf-8')


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, all its rules and best practices, a line each: impact, rule, where."""
    page.run(axe_source())
    found: list[dict[str, Any]] = json.loads(page.run(
        'axe.run().then((found) => JSON.stringify(found.violations.map('
        '({id, impact, nodes}) => ({id, impact, nodes: nodes.map((node) => node.html.slice(0, 160))}))))'))
    return [f'{each["impact"]} {each["id"]}: {html}' for each in found for html in each['nodes']]
