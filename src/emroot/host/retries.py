"""Retries of what may fail for the moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

#: Codes of HTTP for which a retry is useful.
PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}
_T = TypeVar('_T')


def with_retries(once: Callable[[], _T], pause_after: Callable[[Exception], float | None]) -> _T:
    """What `once` returns. After an exception, `pause_after` gives the seconds until the next try; None raises it."""
    while True:
        try:
            return once()
        except Exception as error:
            pause = pause_after(error)
            if pause is None:
                raise
        time.sleep(pause)
