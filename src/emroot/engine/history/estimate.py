"""Estimated time of compiles that were never measured here (see `compile_times.py`)."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a build action that uses this module needs neither
    from ...keys.plan import Compile
    from ...sdk import Sdk

#: Seconds per file, and per kilobyte of its source. C++ has large headers, C small ones.
_C = (0.03, 0.0004)
_CPP = (0.45, 0.012)


@cache
def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def expected_seconds(sdk: Sdk, compile_: Compile) -> float:
    """A rough estimate from language and size, in seconds on a typical processor. Only the order matters."""
    path = compile_.source.replace('{sdk}', str(sdk.root)).replace('../../..', str(sdk.root))
    base, per_kilobyte = _CPP if compile_.argv[0] == 'clang++' else _C
    return base + per_kilobyte * _size(path) / 1024
