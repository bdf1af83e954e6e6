"""Errors of programs that run during an installation."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from ..errors import SdkError


def failure(stderr: bytes, where: Path, message: str, *, hint: str) -> SdkError | OSError:
    """An `SdkError` with this message; or an `OSError`, if the output says that the disk is full."""
    if os.strerror(errno.ENOSPC).encode() in stderr:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(where))
    return SdkError(message, hint=hint)
