"""What a build tells its listener: events as data. The engine never prints.

Named tuples and no dataclasses, which take three times as long to import.
"""

from __future__ import annotations

from typing import NamedTuple


class Planned(NamedTuple):
    """The work of a build, without what is present."""

    archives: int
    compiles: int
    seconds: float
    """Expected processor time."""


class Remaining(NamedTuple):
    """What is left of the planned compiles. Some end without having run, because another gave the same object."""

    compiles: int
    seconds: float
    """Expected processor time of these."""


class Started(NamedTuple):
    """A worker begins a job."""

    worker: int
    job: str
    """`wasm64-lto/libc strlen.c`, or `wasm64-lto/libc` for a job that makes a whole target."""


class Ended(NamedTuple):
    """A worker ended a job, successfully or not."""

    worker: int
    job: str
    seconds: float
    kind: str
    """`compile`, `archive` or `embuilder`."""


class ArchiveDone(NamedTuple):
    """The result of a target."""

    name: str
    """`wasm64-lto/libc`."""
    state: str
    """`built`, `reused` or `failed`."""


class Noted(NamedTuple):
    """Something for the log: a decision, a command, a timing."""

    text: str


class Warned(NamedTuple):
    """Something that the user should know, though the build continues."""

    text: str


Event = Planned | Remaining | Started | Ended | ArchiveDone | Noted | Warned


class BuildListener:
    """Gets the events of a build and ignores them. A subclass overrides `on`."""

    def on(self, event: Event) -> None:
        """Called from any thread of the engine; must not raise."""

    def note(self, text: str) -> None:
        """Send `Noted`."""
        self.on(Noted(text))

    def warn(self, text: str) -> None:
        """Send `Warned`."""
        self.on(Warned(text))
