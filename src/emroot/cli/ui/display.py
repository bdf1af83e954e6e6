"""Displays of a build on standard error, in addition to the log."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from ...formatting import display_path

if TYPE_CHECKING:
    from .progress import Progress

#: The interval of progress lines in seconds.
_SILENCE = 60.0


class Display:
    """A display. This one shows nothing."""

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """The plan is known."""

    def left(self, compiles: int, seconds: float) -> None:
        """The amount of work that remains."""

    def started(self, worker: int, what: str) -> None:
        pass

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        pass

    def archive(self, name: str, state: str) -> None:
        pass

    def print(self, text: str) -> None:
        """Print a permanent line."""

    def close(self) -> None:
        """Remove the display from the terminal."""


class PlainLines(Display):
    """For CI and pipes: a line per target, and a progress line from time to time, so that a long build is
    not silent."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._total = self._done = 0
        self._progress: Progress | None = None
        self._spoke = time.monotonic()
        self._lock = threading.Lock()

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """Print one line, if there is any work."""
        from .progress import Progress  # lazy import: most builds have nothing to do
        self._total, self._progress = archives, Progress()
        self._progress.planned(compiles, seconds)
        if archives:
            self.print(f'building {archives} {"archives" if archives > 1 else "archive"}'
                       + (f': {compiles} {"objects" if compiles > 1 else "object"} to compile' if compiles else ''))

    def left(self, compiles: int, seconds: float) -> None:
        """Print a line, if there was none for a while."""
        progress = self._progress
        if progress is None:
            return
        with self._lock:
            progress.left(compiles, seconds)
            due = time.monotonic() - self._spoke >= _SILENCE
        if due:
            self.print(f'{progress.done}/{progress.total} objects, {self._done}/{self._total} archives; {progress.text()}')

    def archive(self, name: str, state: str) -> None:
        """Print a line for a built or failed target."""
        if state != 'reused':
            with self._lock:
                self._done += 1
                done = self._done
            from .color import paint
            shown = paint(state, 'bad', sys.stderr) if state == 'failed' else state
            self.print(f'[{done}/{max(self._total, done)}] {shown} {display_path(name)}')

    def print(self, text: str) -> None:
        if not self._quiet:
            with self._lock:
                self._spoke = time.monotonic()
                sys.stderr.write(text + '\n')
                sys.stderr.flush()


class SilentUntilDelay(Display):
    """Creates the live display when there is work to show: its modules take longer to import than a no-op
    build."""

    def __init__(self) -> None:
        self._display: Display | None = None

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """Create the display, if there is any work."""
        if archives:
            self._live_display().planned(archives, compiles, seconds)

    def left(self, compiles: int, seconds: float) -> None:
        if self._display:
            self._display.left(compiles, seconds)

    def started(self, worker: int, what: str) -> None:
        if self._display:
            self._display.started(worker, what)

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        if self._display:
            self._display.ended(worker, what, seconds, kind)

    def archive(self, name: str, state: str) -> None:
        """Pass on a built or failed target."""
        if state != 'reused':
            self._live_display().archive(name, state)

    def print(self, text: str) -> None:
        self._live_display().print(text)

    def close(self) -> None:
        """Remove the display, if there is one."""
        if self._display:
            self._display.close()

    def _live_display(self) -> Display:
        if self._display is None:
            from .live import Live
            self._display = Live()
        return self._display


def is_live_terminal() -> bool:
    """Whether standard error is a terminal that can be repainted, and not a CI log."""
    return sys.stderr.isatty() and not os.environ.get('CI') and os.environ.get('TERM') != 'dumb'
