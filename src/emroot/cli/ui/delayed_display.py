"""The display of a build below `emroot run`: one line, once it has taken a while (see `notices.py`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from ...engine.events import Event, Planned
from .display import Display
from .notices import tell

#: Seconds before a build prints its line.
PATIENCE = 2.0


class DelayedDisplay(Display):
    """Prints one line, once the build has taken a while."""

    def __init__(self, modes: str, *, pulled: bool = False, patience: float = PATIENCE) -> None:
        """`modes`: those of the build. `pulled`: it compiles objects for a lazy link. `patience`: seconds."""
        self._modes, self._pulled, self._patience = modes, pulled, patience
        self._began = time.monotonic()
        self._timer: threading.Timer | None = None
        #: Returns the path of the log, if there is one.
        self.log: Callable[[], Path | None] = lambda: None

    def on(self, event: Event) -> None:
        """Start the timer, if there is any work."""
        if isinstance(event, Planned) and (event.compiles if self._pulled else event.archives) and self._timer is None:
            self._timer = threading.Timer(max(0.0, self._began + self._patience - time.monotonic()), self._say,
                                          (self.text(event.archives, event.compiles),))
            self._timer.daemon = True
            self._timer.start()

    def text(self, archives: int, compiles: int) -> str:
        """The line: `building 12 libraries of wasm64-thinlto, 1378 objects; this is done once`."""
        libraries = f'{archives} {"library" if archives == 1 else "libraries"}{f" of {self._modes}" if self._modes else ""}'
        objects = f'{compiles} {"object" if compiles == 1 else "objects"}'
        if self._pulled:
            return f'compiling {objects} of {libraries} for a link; this is done once'
        return f'building {libraries}{f", {objects}" if compiles else ""}; this is done once'

    def _say(self, text: str) -> None:
        tell(text, self.log())

    def close(self) -> None:
        """Stop the timer."""
        if self._timer:
            self._timer.cancel()
