"""How a build shows on standard error: live on a terminal, line by line elsewhere; and the log of every build."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import IO, Protocol

from ..engine.events import Watcher
from ..errors import StoreError
from ..home import Home


class Display(Protocol):
    """What is shown, besides the log."""

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """How much there is to do."""

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
        self._display.print(f'emroot: warning: {text}')

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
    """For CI and pipes: a line per target, no repainting."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._total = self._done = 0
        self._lock = threading.Lock()

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """One line if there is anything to do."""
        self._total = archives
        if archives:
            self.print(f'building {archives} archives: {compiles} objects to compile')

    def started(self, worker: int, what: str) -> None:
        """Not shown."""

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """Not shown."""

    def archive(self, name: str, state: str) -> None:
        """One line for what was built or failed."""
        if state != 'reused':
            with self._lock:
                self._done += 1
            self.print(f'[{self._done}/{max(self._total, self._done)}] {state} {name}')

    def print(self, text: str) -> None:
        """To standard error."""
        if not self._quiet:
            with self._lock:
                sys.stderr.write(text + '\n')
                sys.stderr.flush()

    def close(self) -> None:
        """Nothing to clean."""


def make_watcher(home: Home, *, verbose: bool, quiet: bool, live: bool) -> LogWatcher:
    """The watcher that suits where standard error goes."""
    if live and not quiet and not verbose and sys.stderr.isatty() and not os.environ.get('CI') \
            and os.environ.get('TERM') != 'dumb':
        from .live import Live
        return LogWatcher(home, Live(), verbose=verbose)
    return LogWatcher(home, Lines(quiet=quiet), verbose=verbose)
