"""Every error that emroot tells a user, each with the exit code of the command line and a sentence that mends it.

The exit codes are a contract: 2 usage; 3 no usable SDK; 4 unknown feature or target; 5 a compile failed; 6 store or
cache directory damaged, full or not writable; 7 remote refused; 130 interrupted.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable

INTERRUPTED = 130


class EmrootError(Exception):
    """What happened, and in `hint` the command or setting that mends it. `exit_code` is the process's."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = '') -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f'{self.message}\n  hint: {self.hint}' if self.hint else self.message


class UsageError(EmrootError):
    """The request contradicts itself or cannot be read (exit code 2)."""

    exit_code = 2


class SdkError(EmrootError):
    """No Emscripten SDK, or one that does not work (exit code 3)."""

    exit_code = 3


class UnknownNameError(EmrootError):
    """A feature or target that does not exist (exit code 4); `nearest` holds what may have been meant."""

    exit_code = 4

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str = '') -> None:
        self.nearest = nearest(name, known)
        suggestion = f'; did you mean {" or ".join(self.nearest)}?' if self.nearest else ''
        super().__init__(f'unknown {kind} {name!r}{suggestion}', hint=hint)


class BuildError(EmrootError):
    """At least one target could not be built (exit code 5); the others are built and kept."""

    exit_code = 5


class StoreError(EmrootError):
    """The store or a cache directory is damaged, full or not writable (exit code 6)."""

    exit_code = 6


class RemoteError(EmrootError):
    """A remote refused (exit code 7)."""

    exit_code = 7


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Up to `count` known names most like `name`, best first; case does not matter."""
    import difflib  # here and not above: only what went wrong needs it
    folded = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), folded, n=count, cutoff=0.5)
    return [folded[f] for f in found]


_SAID_FULL = re.compile('No space left on device|There is not enough space on the disk|Disk quota exceeded', re.IGNORECASE)
_FULL = {errno.ENOSPC, getattr(errno, 'EDQUOT', errno.ENOSPC)}
_MORE_SPACE = 'free some space, run `emroot gc --max-size 1G`, or set EMROOT_HOME to a larger disk'
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}


def from_full_disk(said: str, doing: str) -> StoreError | None:
    """The error for a tool that failed because the disk was full, judging by what it said; None if it did not."""
    line = next((line.strip() for line in said.splitlines() if _SAID_FULL.search(line)), None)
    return StoreError(f'no space left while {doing}: {line}', hint=_MORE_SPACE) if line else None


def is_refusal(error: OSError) -> bool:
    """Whether the operating system says that a disk is full or must not be written to."""
    return error.errno in _FULL | _FORBIDDEN


def from_os_error(error: OSError, doing: str) -> StoreError:
    """Say an operating system's refusal to write in terms of what a user can do about it."""
    path = error.filename or ''
    where = f' ({path})' if path else ''
    if error.errno in _FULL:
        return StoreError(f'no space left while {doing}{where}', hint=_MORE_SPACE)
    if error.errno in _FORBIDDEN:
        return StoreError(f'not writable while {doing}{where}: {error.strerror}',
                          hint='choose a writable directory with --cache or --home (or EMROOT_HOME)')
    return StoreError(f'{error.strerror or error} while {doing}{where}',
                      hint='check the directory, or choose another with --cache or --home')
