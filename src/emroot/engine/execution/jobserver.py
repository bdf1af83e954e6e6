"""GNU make's jobserver: under `make -jN`, all processes below make share N jobs (GNU make manual, "Sharing job slots").

MAKEFLAGS names a pipe with N - 1 bytes (tokens), as two descriptors or as a FIFO. A process below make may run one job without a
token; for each further job it reads a token from the pipe and writes the same token back afterwards.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
import threading
import time

#: The slot of the job that make started; it needs no token.
_OWN = b''


class Jobserver:
    """Job slots from a pipe of tokens. Thread-safe."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._own = True
        self._taken: list[bytes] = []
        self._over = False
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # of the one worker that waits for a token

    def take(self, seconds: float) -> bytes | None:
        """Wait up to `seconds` for a slot, None if there was none. Return each slot with `give`."""
        with self._lock:
            if self._own:
                self._own = False
                return _OWN
        if not self._turn.acquire(timeout=seconds):
            return None
        try:
            token = None if self._over else self._read(seconds)
        finally:
            self._turn.release()
        if token == b'':
            self._over = True  # make has gone: one job at a time
        if self._over:
            time.sleep(seconds)
        return token or None

    def _read(self, seconds: float) -> bytes | None:
        """A token; empty if the pipe is closed, None if there was none in time."""
        try:
            if not select.select([self._reading], [], [], seconds)[0]:
                return None
            token = os.read(self._reading, 1)
        except BlockingIOError:  # another process was faster
            return None
        except OSError:
            return b''
        with self._lock:
            self._taken += [token] if token else []
        return token

    def give(self, slot: bytes) -> None:
        """Return a slot."""
        with self._lock:
            if slot == _OWN:
                self._own = True
            elif slot in self._taken:  # else `close` was faster
                self._taken.remove(slot)
                self._put(slot)

    def close(self) -> None:
        """Return all slots that are still in use."""
        with self._lock:
            self._over = True
            while self._taken:
                self._put(self._taken.pop())
        if self._turn.acquire(timeout=1):  # else a worker is stuck: it needs them for as long as this process lives
            os.close(self._reading)
            os.close(self._writing)

    def _put(self, token: bytes) -> None:
        with contextlib.suppress(OSError):  # make has gone
            os.write(self._writing, token)


def find_jobserver(makeflags: str) -> tuple[Jobserver | None, str]:
    """The jobserver in MAKEFLAGS; if there is one that cannot be used, None and the reason."""
    options = [word.partition('=') for word in makeflags.split(' ')]
    named = [value for option, _, value in options if option in ('--jobserver-auth', '--jobserver-fds')]
    if not named:
        return None, ''
    try:
        return _open(named[-1]), ''
    except (OSError, ValueError) as error:
        return None, f'make\'s jobserver ({named[-1]}) cannot be used: {error}; hint: put + before the command in the makefile'


def _open(name: str) -> Jobserver:
    """Raises OSError or ValueError for an unusable pipe: make closes it for commands that are no make."""
    if sys.platform == 'win32':
        raise ValueError('semaphores are not supported')
    if name.startswith('fifo:'):
        if not stat.S_ISFIFO(os.stat(name[5:]).st_mode):
            raise ValueError('it is not a pipe')
        reading = os.open(name[5:], os.O_RDONLY | os.O_NONBLOCK)
        return Jobserver(reading, os.open(name[5:], os.O_WRONLY))
    first, second = (int(number) for number in name.split(','))
    ends = os.fstat(first), os.fstat(second)
    # The numbers may have come to mean other files since: both ends of a pipe are one inode.
    if not all(stat.S_ISFIFO(end.st_mode) for end in ends) or ends[0][:3] != ends[1][:3]:
        raise ValueError('these are not the two ends of a pipe')
    return Jobserver(_reopened(first), os.dup(second))


def _reopened(descriptor: int) -> int:
    """The reading end of a pipe under a new, non-blocking file description. Only Linux has that; elsewhere, if another
    process takes the token first, the read waits for the next one."""
    try:
        return os.open(f'/proc/self/fd/{descriptor}', os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0))
    except OSError:
        return os.dup(descriptor)
