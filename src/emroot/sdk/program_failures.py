"""What to raise when a program that was started for an installation fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from ..errors import SdkError


def failure(stderr: bytes, where: Path, message: str, *, hint: str) -> SdkError | OSError:
    """An `SdkError`; but if the program found the disk full, the error that we would have had ourselves."""
    if os.strerror(errno.ENOSPC).encode() in stderr:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(where))
    return SdkError(message, hint=hint)
