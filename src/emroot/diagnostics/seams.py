"""Which of the names that emroot uses an Emscripten has (`probe/seams.py`), for warnings and `emroot doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import SdkError
from ..probe.seams import BY_PATH, SEAMS, USES, Seam
from ..sdk import Sdk
from .checks import Check

#: States of a name in an SDK.
PRESENT, MISSING, OTHER_VERSION = 'present', 'missing', 'other version'
_HINT = 'use another version of Emscripten (`emroot sdk install --version V`) or a newer emroot'


def lacking(sdk: Sdk) -> list[Seam]:
    """The names that an SDK should have and lacks, required ones first."""
    found = [BY_PATH[path] for path in sdk.lacking if path in BY_PATH]
    return sorted(found, key=lambda seam: not seam.required)


def warning(sdk: Sdk) -> str:
    found = lacking(sdk)
    names = ', '.join(seam.path for seam in found[:3]) + (f' and {len(found) - 3} more' if len(found) > 3 else '')
    return (f'Emscripten {sdk.version} at {sdk.root} has no {names}, which emroot uses; without it, {found[0].why}. '
            f'`emroot doctor` shows what it lacks')


def examine_seams(sdk: Sdk) -> Iterator[Check]:
    """Each name that an SDK lacks; or that it has all."""
    found = lacking(sdk)
    for seam in found:
        uses = '; '.join(USES[use] for use in seam.needs or seam.helps)
        text = f'Emscripten has no {seam.path}: {seam.why} ({"needed" if seam.required else "used"} to {uses})'
        yield Check(text, not seam.required, _HINT, SdkError.exit_code if seam.required else 0)
    if not found:
        count = sum(seam.expected(sdk.version) for seam in SEAMS)
        yield Check(f'Emscripten has all {count} names of its own modules that emroot uses', True)


def states(sdk: Sdk) -> list[dict[str, Any]]:
    """The whole table with the state of each name in an SDK, as `emroot doctor --json` prints it."""
    return [{'name': seam.path, 'state': _state(seam, sdk), 'required': seam.required, 'needed_to': list(seam.needs),
             'helps_to': list(seam.helps), 'since': seam.since or None, 'until': seam.until or None, 'without': seam.why}
            for seam in SEAMS]


def _state(seam: Seam, sdk: Sdk) -> str:
    if seam.path in sdk.lacking:
        return MISSING
    return PRESENT if seam.expected(sdk.version) else OTHER_VERSION
