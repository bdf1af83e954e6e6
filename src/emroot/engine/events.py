"""What a build tells whoever watches it. The engine never prints."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    """Called from any thread of the engine; must not raise."""

    def planned(self, *, archives: int, compiles: int, seconds: float) -> None:
        """How much there is to do after everything that is already there; `seconds` of expected processor time."""

    def left(self, *, compiles: int, seconds: float) -> None:
        """How many of the planned compiles are still to be done, and the processor time expected of these. Some end without
        having been run, because another gave the same."""

    def started(self, worker: int, what: str) -> None:
        """A worker begins a job: `wasm64-lto/libc strlen.c`."""

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """A worker ended a job of `kind` `compile`, `archive`, `embuilder`."""

    def archive(self, name: str, state: str) -> None:
        """A target (`wasm64-lto/libc`) is `built`, `reused` or `failed`."""

    def note(self, text: str) -> None:
        """Something worth the log: a decision, a command, a timing."""

    def warn(self, text: str) -> None:
        """Something that the user should know, though the build goes on."""


class Silent:
    """A watcher that does nothing."""

    def planned(self, *, archives: int, compiles: int, seconds: float) -> None:
        """Ignored."""

    def left(self, *, compiles: int, seconds: float) -> None:
        """Ignored."""

    def started(self, worker: int, what: str) -> None:
        """Ignored."""

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """Ignored."""

    def archive(self, name: str, state: str) -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""

    def warn(self, text: str) -> None:
        """Ignored."""
