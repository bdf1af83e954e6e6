"""How a build shows on standard error, besides the log: what a display is, and those that print lines or wait with painting."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from ...formatting import display_path

if TYPE_CHECKING:
    from .progress import Progress

#: Seconds after which a build that prints lines says how far it is.
_SILENCE = 60.0


class Display:
    """What is shown, besides the log. Of this one, nothing."""

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """How much there is to do."""

    def left(self, compiles: int, seconds: float) -> None:
        """How much there still is to do."""

    def started(self, worker: int, what: str) -> None:
        """A worker begins."""

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """A worker has done it."""

    def archive(self, name: str, state: str) -> None:
        """A target is built, reused or failed."""

    def print(self, text: str) -> None:
        """A line that stays."""

    def close(self) -> None:
        """Leave the terminal clean."""


class PlainLines(Display):
    """For CI and pipes: a line per target, no repainting; and now and then how far it is, so that a long build is not silent."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._total = self._done = 0
        self._progress: Progress | None = None
        self._spoke = time.monotonic()
        self._lock = threading.Lock()

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """One line if there is anything to do."""
        from .progress import Progress  # here and not above: mostly there is nothing to do
        self._total, self._progress = archives, Progress()
        self._progress.planned(compiles, seconds)
        if archives:
            self.print(f'building {archives} {"archives" if archives > 1 else "archive"}'
                       + (f': {compiles} {"objects" if compiles > 1 else "object"} to compile' if compiles else ''))

    def left(self, compiles: int, seconds: float) -> None:
        """A line if there was none for a while."""
        progress = self._progress
        if progress is None:
            return
        with self._lock:
            progress.left(compiles, seconds)
            due = time.monotonic() - self._spoke >= _SILENCE
        if due:
            self.print(f'{progress.done}/{progress.total} objects, {self._done}/{self._total} archives; {progress.text()}')

    def archive(self, name: str, state: str) -> None:
        """One line for what was built or failed."""
        if state != 'reused':
            with self._lock:
                self._done += 1
                done = self._done
            from .color import paint
            shown = paint(state, 'bad', sys.stderr) if state == 'failed' else state
            self.print(f'[{done}/{max(self._total, done)}] {shown} {display_path(name)}')

    def print(self, text: str) -> None:
        """To standard error."""
        if not self._quiet:
            with self._lock:
                self._spoke = time.monotonic()
                sys.stderr.write(text + '\n')
                sys.stderr.flush()


class SilentUntilDelay(Display):
    """The live display, made when there is something to show: what paints takes longer to load than a build that has nothing
    to do."""

    def __init__(self) -> None:
        self._display: Display | None = None

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """Shown if there is anything to do."""
        if archives:
            self._live_display().planned(archives, compiles, seconds)

    def left(self, compiles: int, seconds: float) -> None:
        """Passed on."""
        if self._display:
            self._display.left(compiles, seconds)

    def started(self, worker: int, what: str) -> None:
        """Passed on."""
        if self._display:
            self._display.started(worker, what)

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """Passed on."""
        if self._display:
            self._display.ended(worker, what, seconds, kind)

    def archive(self, name: str, state: str) -> None:
        """Passed on, if it is worth a line."""
        if state != 'reused':
            self._live_display().archive(name, state)

    def print(self, text: str) -> None:
        """Passed on."""
        self._live_display().print(text)

    def close(self) -> None:
        """Take the display away, if there is one."""
        if self._display:
            self._display.close()

    def _live_display(self) -> Display:
        if self._display is None:
            from .live import Live
            self._display = Live()
        return self._display


def is_live_terminal() -> bool:
    """Whether standard error is a terminal that can be painted on, with somebody who looks at it."""
    return sys.stderr.isatty() and not os.environ.get('CI') and os.environ.get('TERM') != 'dumb'
