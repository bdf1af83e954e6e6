"""Messages about long builds below `emroot run`, which prints them itself: it reads the file to which the builds
add lines.

A build that a link started has emcc's standard error, where a check of a configure script takes any output for a
compiler error, and which ninja holds back until the link ends.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ...engine.events import Event, Planned
from ..environment import notices_file
from .display import Display

#: Seconds before a build prints its line.
PATIENCE = 2.0
#: Polling interval of `emroot run` in seconds.
_INTERVAL = 0.25
#: With this the hook reports a library that emcc built itself, for `cli/run/hook_bypass.py`.
BUILT = 'built: '
#: With this a build says that it takes a while, which nobody wants to know once the command has ended.
_WAITING = 'waiting: '
#: The start of the part of a message that differs each time.
_LOG = '; log: '


def tell(text: str, log: Path | None = None) -> None:
    """Make `emroot run` print a message, if this process is below one."""
    if file_name := notices_file():
        _append(file_name, f'{text}{f"{_LOG}{log}" if log else ""}\n')


def _append(file_name: str, line: str) -> None:
    with contextlib.suppress(OSError):  # it has ended: nobody listens
        descriptor = os.open(file_name, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.encode(errors='replace'))
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def heard(file: str) -> Iterator[None]:
    """Print the messages that come into a file during the block, each once. A run below another passes them on."""
    if not file:
        yield
        return
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(file, notices_file(), over), daemon=True)
    listener.start()
    try:
        yield
    finally:
        over.set()
        listener.join(timeout=2)


def _listen(file: str, above: str | None, over: threading.Event) -> None:
    shown: set[str] = set()
    with open(file, encoding='utf-8', errors='replace') as f:
        begun, last = '', False
        while not last:
            last = over.wait(_INTERVAL)
            begun += f.read()
            *lines, begun = begun.split('\n')
            for line in lines:
                if above:
                    _append(above, line + '\n')
                    continue
                text = line.removeprefix(_WAITING)
                told_late = last and text != line  # behind the last word of the command, which may be an error
                if not told_late and not line.startswith(BUILT) and (what := text.partition(_LOG)[0]) not in shown:
                    shown.add(what)
                    # A terminal may stand in the middle of a line: "checking for inflate in -lz... "
                    sys.stderr.write(f'{chr(10) if sys.stderr.isatty() else ""}emroot: {text}\n')
                    sys.stderr.flush()


class DelayedDisplay(Display):
    """The display of a build below `emroot run`: one line, once the build has taken a while. It tells of the largest part of the
    work that is known by then: a lazy link begins with its start files."""

    def __init__(self, modes: str, *, pulled: bool = False, patience: float = PATIENCE) -> None:
        """`modes`: those of the build. `pulled`: it compiles objects for a lazy link. `patience`: seconds."""
        self._modes, self._pulled, self._patience = modes, pulled, patience
        self._began = time.monotonic()
        self._timer: threading.Timer | None = None
        self._planned = Planned(0, 0, 0.0)
        #: Returns the path of the log, if there is one.
        self.log: Callable[[], Path | None] = lambda: None

    def on(self, event: Event) -> None:
        if not isinstance(event, Planned) or not (event.compiles if self._pulled else event.archives):
            return
        self._planned = max(self._planned, event, key=lambda planned: (planned.compiles, planned.archives))
        if self._timer is None:
            due = self._began + self._patience
            self._timer = threading.Timer(max(0.0, due - time.monotonic()), lambda: tell(_WAITING + self.text(), self.log()))
            self._timer.daemon = True
            self._timer.start()

    def text(self) -> str:
        """The line: `building 12 libraries of wasm64-thinlto, 1378 objects; this is done once`."""
        archives, compiles, _ = self._planned
        libraries = f'{archives} {"library" if archives == 1 else "libraries"}{f" of {self._modes}" if self._modes else ""}'
        objects = f'{compiles} {"object" if compiles == 1 else "objects"}'
        if self._pulled:
            return f'compiling {objects} of {libraries} for a link; this is done once'
        return f'building {libraries}{f", {objects}" if compiles else ""}; this is done once'

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
