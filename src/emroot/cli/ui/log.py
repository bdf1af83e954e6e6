"""The listener of the command line: all events go to the log, some to a display."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from pathlib import Path
from typing import IO

from ...engine.events import ArchiveDone, BuildListener, Ended, Event, Noted, Planned, Warned
from ...errors import StoreError
from ...formatting import printable
from ...host.home import Home
from ...host.quoting import quoted
from ..environment import is_below_run
from .display import Display, PlainLines, is_live_terminal


class LogListener(BuildListener):
    """Writes all events to the log, and passes some on to a display."""

    def __init__(self, home: Home, display: Display, *, verbose: bool, of_links: bool = False) -> None:
        """`of_links`: write to the logs of lazy links, of which a configure script makes dozens."""
        self._home, self._display, self._verbose, self._of_links = home, display, verbose, of_links
        self._file: IO[str] | None = None
        self._lock = threading.Lock()
        self._began = time.perf_counter()
        self.log_path: Path | None = None

    def on(self, event: Event) -> None:
        match event:
            case Planned(archives, compiles, seconds):
                self.note(f'to do: {archives} archives, {compiles} compiles, about {seconds:.0f} s of processor time')
            case Ended(worker, job, seconds, kind):
                self._write(f'{kind} {job}: {seconds:.3f} s on worker {worker}')
            case ArchiveDone(name, state):
                self._write(f'{state} {name}')
            case Noted(text):
                self._write(text)
                if self._verbose:
                    self._display.print(printable(text))
            case Warned(text):
                self._warn(text)
        self._display.on(event)

    def _warn(self, text: str) -> None:
        self._write(f'warning: {text}')
        from .github_actions import annotate  # lazy import: most builds have no warnings
        from .messages import paint
        self._display.print(f'{paint("emroot: warning:", "odd", sys.stderr)} {text}')
        annotate('warning', 'emroot', text)

    def close(self) -> None:
        self._display.close()
        if self._file:
            with contextlib.suppress(OSError):  # the disk is full: that is said where it matters
                self._file.close()
            self._file = None

    def _write(self, text: str) -> None:
        """Write a line. The first line creates the log: every build that reports a target leaves one."""
        with self._lock:
            if self._file is None:
                if self.log_path is not None:
                    return
                try:
                    self.log_path = self._home.new_log(of_links=self._of_links)
                    self._file = open(self.log_path, 'w', encoding='utf-8',  # noqa: SIM115  # closed by close()
                                      errors='surrogateescape')
                    self._file.write(f'emroot {" ".join(map(quoted, sys.argv[1:]))}\n')
                except (OSError, StoreError):  # said where it matters
                    return
            with contextlib.suppress(OSError):
                self._file.write(f'{time.perf_counter() - self._began:9.3f} {text}\n')


class DeferredDisplay(Display):
    """The live display, made when there is something to show: loading it takes a while."""

    def __init__(self) -> None:
        self._display: Display | None = None

    def on(self, event: Event) -> None:
        match event:
            case Planned(archives=0):
                return
            case Planned() | ArchiveDone(state='built' | 'failed'):
                self._live_display()
        if self._display:
            self._display.on(event)

    def print(self, text: str) -> None:
        self._live_display().print(text)

    def close(self) -> None:
        if self._display:
            self._display.close()

    def _live_display(self) -> Display:
        if self._display is None:
            from .live import Live
            self._display = Live()
        return self._display


def make_listener(home: Home, *, verbose: bool, quiet: bool, live: bool, modes: str = '', of_links: bool = False) -> LogListener:
    """The listener for the kind of standard error. `modes`: those of the build. See `LogListener`."""
    if quiet and is_below_run():
        from .notices import DelayedDisplay  # lazy import: for links below `emroot run` only
        delayed = DelayedDisplay(modes, pulled=of_links)
        listener = LogListener(home, delayed, verbose=verbose, of_links=of_links)
        delayed.log = lambda: listener.log_path
        return listener
    is_live = live and not quiet and not verbose and is_live_terminal()
    return LogListener(home, DeferredDisplay() if is_live else PlainLines(quiet=quiet), verbose=verbose, of_links=of_links)
