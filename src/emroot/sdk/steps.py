"""What the steps of an installation share: how they tell of their progress, and the errors of programs that they run."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from ..errors import SdkError

Report = Callable[[str, int, int | None], None]
"""Receives progress: the current step, the finished amount, and the total (None: unknown)."""


def silent(what: str, done: int, total: int | None) -> None:
    """A `Report` that ignores everything."""


def failure(stderr: bytes, where: Path, message: str, *, hint: str) -> SdkError | OSError:
    """An `SdkError` with this message; or an `OSError`, if the output says that the disk is full."""
    if os.strerror(errno.ENOSPC).encode() in stderr:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(where))
    return SdkError(message, hint=hint)
