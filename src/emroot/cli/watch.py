"""How a build shows on standard error: live on a terminal, line by line elsewhere; and the log of every build."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from ..engine.events import Watcher
from ..errors import StoreError
from ..home import Home
from ..wording import readable

if TYPE_CHECKING:
    from .progress import Progress

#: Seconds after which a build that prints lines says how far it is.
_SILENCE = 60.0


class Display(Protocol):
    """What is shown, besides the log."""

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


class LogWatcher(Watcher):
    """Writes everything to the log, and passes on what is worth showing."""

    def __init__(self, home: Home, display: Display, *, verbose: bool) -> None:
        self._home, self._display, self._verbose = home, display, verbose
        self._file: IO[str] | None = None
        self._lock = threading.Lock()
        self._began = time.perf_counter()
        self.log_path: Path | None = None

    def planned(self, *, archives: int, compiles: int, seconds: float) -> None:
        """Noted and shown."""
        self.note(f'to do: {archives} archives, {compiles} compiles, about {seconds:.0f} s of processor')
        self._display.planned(archives, compiles, seconds)

    def left(self, *, compiles: int, seconds: float) -> None:
        """Shown."""
        self._display.left(compiles, seconds)

    def started(self, worker: int, what: str) -> None:
        """Shown."""
        self._display.started(worker, what)

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """Noted and shown."""
        self._write(f'{kind} {what}: {seconds:.3f} s on worker {worker}')
        self._display.ended(worker, what, seconds, kind)

    def archive(self, name: str, state: str) -> None:
        """Noted and shown."""
        self._write(f'{state} {name}')
        self._display.archive(name, state)

    def note(self, text: str) -> None:
        """Noted; shown with -v."""
        self._write(text)
        if self._verbose:
            self._display.print(text)

    def warn(self, text: str) -> None:
        """Noted and shown."""
        self._write(f'warning: {text}')
        from .github import annotate  # here and not above: mostly nothing is odd
        from .style import paint
        self._display.print(f'{paint("emroot: warning:", "odd", sys.stderr)} {text}')
        annotate('warning', 'emroot', text)

    def close(self) -> None:
        """Finish the display and the log."""
        self._display.close()
        if self._file:
            with contextlib.suppress(OSError):  # the disk is full: that is said where it matters
                self._file.close()
            self._file = None

    def _write(self, text: str) -> None:
        """The log is made with the first line worth noting: a build that finds everything there leaves none."""
        with self._lock:
            if self._file is None:
                if self.log_path is not None:
                    return
                try:
                    self.log_path = self._home.new_log()
                    self._file = open(self.log_path, 'w', encoding='utf-8')  # noqa: SIM115  # closed by close()
                    self._file.write(f'emroot {" ".join(sys.argv[1:])}\n')
                except (OSError, StoreError):  # said where it matters
                    return
            with contextlib.suppress(OSError):
                self._file.write(f'{time.perf_counter() - self._began:9.3f} {text}\n')


class Lines:
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

    def started(self, worker: int, what: str) -> None:
        """Not shown."""

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """Not shown."""

    def archive(self, name: str, state: str) -> None:
        """One line for what was built or failed."""
        if state != 'reused':
            with self._lock:
                self._done += 1
                done = self._done
            from .style import paint
            shown = paint(state, 'bad', sys.stderr) if state == 'failed' else state
            self.print(f'[{done}/{max(self._total, done)}] {shown} {readable(name)}')

    def print(self, text: str) -> None:
        """To standard error."""
        if not self._quiet:
            with self._lock:
                self._spoke = time.monotonic()
                sys.stderr.write(text + '\n')
                sys.stderr.flush()

    def close(self) -> None:
        """Nothing to clean."""


class Awaited:
    """The live display, made when there is something to show: what paints takes longer to load than a build that has nothing
    to do."""

    def __init__(self) -> None:
        self._display: Display | None = None

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """Shown if there is anything to do."""
        if archives:
            self._made().planned(archives, compiles, seconds)

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
            self._made().archive(name, state)

    def print(self, text: str) -> None:
        """Passed on."""
        self._made().print(text)

    def close(self) -> None:
        """Take the display away, if there is one."""
        if self._display:
            self._display.close()

    def _made(self) -> Display:
        if self._display is None:
            from .live import Live
            self._display = Live()
        return self._display


def is_live_terminal() -> bool:
    """Whether standard error is a terminal that can be painted on, with somebody who looks at it."""
    return sys.stderr.isatty() and not os.environ.get('CI') and os.environ.get('TERM') != 'dumb'


def make_watcher(home: Home, *, verbose: bool, quiet: bool, live: bool) -> LogWatcher:
    """The watcher that suits where standard error goes."""
    if live and not quiet and not verbose and is_live_terminal():
        return LogWatcher(home, Awaited(), verbose=verbose)
    return LogWatcher(home, Lines(quiet=quiet), verbose=verbose)
