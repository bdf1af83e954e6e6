"""Displays of a build, or of an installation, on standard error."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from ...engine.events import ArchiveDone, Event, Planned, Remaining
from ...formatting import display_path

if TYPE_CHECKING:
    from .progress import Progress

#: The interval of progress lines in seconds.
_SILENCE = 60.0


class Display:
    """A display of events. This one shows nothing."""

    def on(self, event: Event) -> None:
        """Show an event. Called from any thread."""

    def print(self, text: str) -> None:
        """Print a permanent line."""

    def close(self) -> None:
        """Remove the display from the terminal."""


class PlainLines(Display):
    """For CI and pipes: a line per target, and progress from time to time, so that a build is not silent."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._total = self._done = 0
        self._progress: Progress | None = None
        self._spoke = time.monotonic()
        self._lock = threading.Lock()

    def on(self, event: Event) -> None:
        match event:
            case Planned():
                self._begin(event)
            case Remaining():
                self._count(event)
            case ArchiveDone(name, state) if state != 'reused':
                self._finish(name, state)

    def _begin(self, plan: Planned) -> None:
        from .progress import Progress  # lazy import: most builds have nothing to do
        self._total, self._progress = plan.archives, Progress()
        self._progress.planned(plan.compiles, plan.seconds)
        if plan.archives:
            compiles = f': {plan.compiles} {"objects" if plan.compiles > 1 else "object"} to compile' if plan.compiles else ''
            self.print(f'building {plan.archives} {"archives" if plan.archives > 1 else "archive"}{compiles}')

    def _count(self, left: Remaining) -> None:
        """Print a line, if there was none for a while."""
        if (progress := self._progress) is None:
            return
        with self._lock:
            progress.left(left.compiles, left.seconds)
            due = time.monotonic() - self._spoke >= _SILENCE
        if due:
            self.print(f'{progress.done}/{progress.total} objects, {self._done}/{self._total} archives; {progress.text()}')

    def _finish(self, name: str, state: str) -> None:
        from .messages import paint
        with self._lock:
            self._done += 1
            done = self._done
        shown = paint(state, 'bad', sys.stderr) if state == 'failed' else state
        self.print(f'[{done}/{max(self._total, done)}] {shown} {display_path(name)}')

    def print(self, text: str) -> None:
        if not self._quiet:
            with self._lock:
                self._spoke = time.monotonic()
                sys.stderr.write(text + '\n')
                sys.stderr.flush()


def is_live_terminal() -> bool:
    """Whether standard error is a terminal that can be repainted, and not a CI log."""
    return sys.stderr.isatty() and not os.environ.get('CI') and os.environ.get('TERM') != 'dumb'


class DownloadProgress:
    """Shows the progress of an installation: in one line on a terminal, with a line per step elsewhere."""

    def __init__(self, *, quiet: bool, live: bool) -> None:
        self.quiet, self.live = quiet, live and is_live_terminal()
        self._step, self._shown = '', 0.0

    def __call__(self, step: str, done: int, total: int | None) -> None:
        if self.quiet:
            return
        if self.live and time.monotonic() - self._shown > 0.1:
            self._shown = time.monotonic()
            part = f' {100 * done // total:3d} % of {total >> 20} MB' if total else ''
            sys.stderr.write(f'\r\033[K{step}{part}')
        elif not self.live and step != self._step:
            sys.stderr.write(f'{step}\n')
        self._step = step
        sys.stderr.flush()

    def __enter__(self) -> DownloadProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.live and not self.quiet:
            sys.stderr.write('\r\033[K')
