"""All errors for users, with exit codes and hints.

The exit codes are a contract: 2 usage; 3 no usable SDK; 4 unknown feature or target; 5 a compile failed; 6
store or cache directory damaged, full or not writable; 7 remote refused; 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable

INTERRUPTED = 130
#: What Bazel's action says of a link whose libraries nothing declares; `emroot doctor` finds it in logs.
LINK_NEEDS = 'this link needs libraries of mode {mode} that nothing known beforehand tells: {targets}.'


class EmrootError(Exception):
    """An error message, a `hint` (the command or setting that helps), and the `exit_code` of the process."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = '') -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f'{self.message}\n  hint: {self.hint}' if self.hint else self.message


class UsageError(EmrootError):
    """The request is contradictory or cannot be parsed (exit code 2)."""

    exit_code = 2


class SdkError(EmrootError):
    """No Emscripten SDK, or one that does not work (exit code 3)."""

    exit_code = 3


class UnknownNameError(EmrootError):
    """A feature or target that does not exist (exit code 4); `nearest` has similar names."""

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
    """Up to `count` known names that are similar to `name`, best first; case is ignored."""
    import difflib  # lazy import: needed for errors only
    folded = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), folded, n=count, cutoff=0.5)
    return [folded[f] for f in found]


_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
#: Resources that can run out: our message, error numbers, messages of other programs, and the hint.
_SHORTAGES = (
    ('no space left', {errno.ENOSPC, getattr(errno, 'EDQUOT', errno.ENOSPC)},
     '(?i)No space left on device|There is not enough space on the disk|Disk quota exceeded',
     'free some space, run `emroot gc --max-size 1G`, or set EMROOT_HOME to a larger disk'),
    ('cannot start processes', {errno.EAGAIN}, "Resource temporarily unavailable|can't start new thread",
     'allow more processes (`ulimit -u`, or the limit of the container), or run fewer jobs with -j 1'),
    ('no memory left', {errno.ENOMEM}, 'Cannot allocate memory|^MemoryError|LLVM ERROR: out of memory',
     'allow more memory (`ulimit -v`, or the limit of the container), or run fewer compiles with -j 1'),
    ('cannot open more files', {errno.EMFILE, errno.ENFILE}, 'Too many open files',
     'allow more open files (`ulimit -n`), or run fewer compiles with -j 1'),
)


def from_shortage(message: str, doing: str) -> StoreError | None:
    """The error for a tool that failed because of a full disk, or for lack of processes, memory or open
    files, judging by its output; None for other failures."""
    for line in message.splitlines():
        for what, _, known, hint in _SHORTAGES:
            if re.search(known, line):
                return StoreError(f'{what} while {doing}: {line.strip()}', hint=hint)
    return None


def last_line(output: str) -> str:
    """The last line of a program's output that is not empty."""
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), 'no message')


def is_shortage(error: OSError) -> bool:
    """Whether the machine ran out of a resource."""
    return any(error.errno in codes for _, codes, _, _ in _SHORTAGES)


def is_unreadable(path: str | bytes | int) -> bool:
    """Whether this user has no permission to read or reach an existing path."""
    try:
        os.stat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return not os.access(path, os.R_OK)


def blame_shortage(error: Exception, doing: str) -> None:
    """Raise `StoreError` if a program could not be started because the machine ran out of a resource."""
    if isinstance(error, OSError) and is_shortage(error):
        raise from_os_error(error, doing) from error


def from_exception(error: Exception) -> StoreError | None:
    """The error for an exception of the operating system that ended a command; None for a bug in emroot."""
    if isinstance(error, OSError):
        return from_os_error(error, 'working', instead='name another')
    return from_shortage(f'{type(error).__name__}: {error}', 'working')


_CHOOSE = 'choose a writable directory with --cache or --home (or EMROOT_HOME)'


def from_os_error(error: OSError, doing: str, *, instead: str = _CHOOSE, writable: str = _CHOOSE) -> StoreError:
    """An error with a hint for an operating system error, mostly about emroot's own directories.
    `instead`: the hint where reading is not allowed; `writable`: the hint where writing is not."""
    path = error.filename or ''
    where = f' ({path})' if path else ''
    for what, codes, _, hint in _SHORTAGES:
        if error.errno in codes:
            return StoreError(f'{what} while {doing}{where}', hint=hint)
    if error.errno in _FORBIDDEN and path and is_unreadable(path):
        return StoreError(f'not readable by this user while {doing}{where}: {error.strerror}',
                          hint=f'{instead}, or give this user read access to it and to its parent directories (`ls -ld`)')
    if error.errno in _FORBIDDEN:
        return StoreError(f'not writable while {doing}{where}: {error.strerror}', hint=writable)
    return StoreError(f'{error.strerror or error} while {doing}{where}',
                      hint='check the directory, or choose another one with --cache or --home')
