"""Listeners with a method for each event, as programs for emroot 0.1 have them."""

from __future__ import annotations

from ..engine.events import ArchiveDone, BuildListener, Ended, Event, Noted, Planned, Remaining, Started, Warned


class Watcher(BuildListener):
    """A listener whose `on` calls a method for each event. New programs override `on` of `BuildListener`."""

    def on(self, event: Event) -> None:
        """Call the event's method."""
        match event:
            case Planned():
                self.planned(archives=event.archives, compiles=event.compiles, seconds=event.seconds)
            case Remaining():
                self.left(compiles=event.compiles, seconds=event.seconds)
            case Started():
                self.started(event.worker, event.job)
            case Ended():
                self.ended(event.worker, event.job, event.seconds, event.kind)
            case ArchiveDone():
                self.archive(event.name, event.state)
            case Noted():
                self.note(event.text)
            case Warned():
                self.warn(event.text)

    def planned(self, *, archives: int, compiles: int, seconds: float) -> None:
        """See `Planned`."""

    def left(self, *, compiles: int, seconds: float) -> None:
        """See `Remaining`."""

    def started(self, worker: int, what: str) -> None:
        """See `Started`."""

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """See `Ended`."""

    def archive(self, name: str, state: str) -> None:
        """See `ArchiveDone`."""

    def note(self, text: str) -> None:
        """See `Noted`."""

    def warn(self, text: str) -> None:
        """See `Warned`."""


#: The name of the same class as a base.
Silent = Watcher


class _Adapter(Watcher):
    """A watcher that is no subclass of `Watcher`, but has its methods."""

    def __init__(self, watcher: object) -> None:
        for name in ('planned', 'left', 'started', 'ended', 'archive', 'note', 'warn'):
            setattr(self, name, getattr(watcher, name))


def listener_of(given: object) -> BuildListener | None:
    """A listener for what a program gave as one. Raises `AttributeError` if it has not the methods of one."""
    return given if isinstance(given, BuildListener) or given is None else _Adapter(given)
