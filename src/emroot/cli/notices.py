"""What takes a while below `emroot run` is said by `emroot run` itself.

A build that a link has started may not write to its own standard error: that is emcc's, and a check of a configure script takes
whatever comes there for a complaint of the compiler; ninja holds it back until the link is done. So it adds a line to a file, and
`emroot run`, whose standard error is the terminal or the log of a CI job, reads that file while its command runs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..files import remove

#: Names that file, for the builds below; empty if they are to be silent.
VARIABLE = 'EMROOT_NOTICES'
#: Seconds that a build may take in silence; seconds after which `emroot run` looks again.
PATIENCE, _INTERVAL = 2.0, 0.25
#: What of a notice is another one each time.
_LOG = '; log: '


def is_below_run() -> bool:
    """Whether this process was started by an emcc below `emroot run`, as far as its environment tells."""
    return VARIABLE in os.environ


def tell(text: str, log: Path | None = None) -> None:
    """Have `emroot run` say something, if this is below one that speaks."""
    place = os.environ.get(VARIABLE)
    if not place:
        return
    line = f'{text}{f"{_LOG}{log}" if log else ""}\n'
    with contextlib.suppress(OSError):  # it has ended: nobody listens
        descriptor = os.open(place, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.encode(errors='replace'))
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def heard(*, quiet: bool) -> Iterator[dict[str, str]]:
    """Says what is told during the block, by whatever has the variables that it gives; each thing once."""
    if quiet or os.environ.get(VARIABLE):  # a run below another leaves that to it
        yield {VARIABLE: '' if quiet else os.environ[VARIABLE]}
        return
    import tempfile  # here and not above: for `emroot run` alone
    descriptor, place = tempfile.mkstemp(prefix='emroot-', suffix='.notices')
    os.close(descriptor)
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(Path(place), over), daemon=True)
    listener.start()
    try:
        yield {VARIABLE: place}
    finally:
        over.set()
        listener.join(timeout=2)
        remove(Path(place))


def _listen(place: Path, over: threading.Event) -> None:
    said: set[str] = set()
    with open(place, encoding='utf-8', errors='replace') as f:
        begun, last = '', False
        while not last:
            last = over.wait(_INTERVAL)
            begun += f.read()
            *lines, begun = begun.split('\n')
            for line in lines:
                if (what := line.partition(_LOG)[0]) not in said:
                    said.add(what)
                    # A terminal may stand in the middle of a line: "checking for inflate in -lz... "
                    sys.stderr.write(f'{chr(10) if sys.stderr.isatty() else ""}emroot: {line}\n')
                    sys.stderr.flush()


class Belated:
    """The display of a build below `emroot run`: one line, once it has taken a while."""

    def __init__(self, modes: str, *, pulled: bool = False, patience: float = PATIENCE) -> None:
        """`modes` are those that it is about; `pulled`: it is about objects that a link pulls, not whole libraries."""
        self._modes, self._pulled, self._patience = modes, pulled, patience
        self._began = time.monotonic()
        self._timer: threading.Timer | None = None
        #: The path of the log, once there is one.
        self.log: Callable[[], Path | None] = lambda: None

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """To be said soon, if there is anything to do."""
        if (compiles if self._pulled else archives) and self._timer is None:
            self._timer = threading.Timer(max(0.0, self._began + self._patience - time.monotonic()), self._say,
                                          (self.text(archives, compiles),))
            self._timer.daemon = True
            self._timer.start()

    def text(self, archives: int, compiles: int) -> str:
        """What there is to say: `building 12 libraries of wasm64-thinlto, 1378 objects; this is done once`."""
        libraries = f'{archives} {"library" if archives == 1 else "libraries"}{f" of {self._modes}" if self._modes else ""}'
        objects = f'{compiles} {"object" if compiles == 1 else "objects"}'
        if self._pulled:
            return f'compiling {objects} of {libraries} for a link; this is done once'
        return f'building {libraries}{f", {objects}" if compiles else ""}; this is done once'

    def _say(self, text: str) -> None:
        tell(text, self.log())

    def left(self, compiles: int, seconds: float) -> None:
        """Not shown."""

    def started(self, worker: int, what: str) -> None:
        """Not shown."""

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """Not shown."""

    def archive(self, name: str, state: str) -> None:
        """Not shown."""

    def print(self, text: str) -> None:
        """Not shown."""

    def close(self) -> None:
        """It is done: nothing is left to say."""
        if self._timer:
            self._timer.cancel()
