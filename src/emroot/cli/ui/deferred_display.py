"""The live display of a build, made when there is something to show."""

from __future__ import annotations

from ...engine.events import ArchiveDone, Event, Planned
from .display import Display


class DeferredDisplay(Display):
    """Loading the live display takes longer than a build that has nothing to do."""

    def __init__(self) -> None:
        self._display: Display | None = None

    def on(self, event: Event) -> None:
        match event:
            case Planned(archives=0):
                return
            case Planned():
                self._live_display()
            case ArchiveDone(state=state) if state != 'reused':
                self._live_display()
        if self._display:
            self._display.on(event)

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
