"""Events of a build. The engine never prints; it calls a watcher."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    """Receives the events of a build. Methods are called from any thread of the engine and must not raise."""

    def planned(self, *, archives: int, compiles: int, seconds: float) -> None:
        """The plan is known. `seconds`: expected processor time of the missing work."""

    def left(self, *, compiles: int, seconds: float) -> None:
        """The number of planned compiles that remain, and their expected processor time. Some end without
        a run, because another compile gave the same object."""

    def started(self, worker: int, what: str) -> None:
        """A worker starts a job, for example `wasm64-lto/libc strlen.c`."""

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """A worker has finished a job. `kind` is `compile`, `archive` or `embuilder`."""

    def archive(self, name: str, state: str) -> None:
        """A target (`wasm64-lto/libc`) is `built`, `reused` or `failed`."""

    def note(self, text: str) -> None:
        """A message for the log: a decision, a command, a timing."""

    def warn(self, text: str) -> None:
        """A message for the user; the build continues."""


class Silent:
    """A watcher that ignores all events; a base class for those that handle some."""

    def planned(self, *, archives: int, compiles: int, seconds: float) -> None:
        pass

    def left(self, *, compiles: int, seconds: float) -> None:
        pass

    def started(self, worker: int, what: str) -> None:
        pass

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        pass

    def archive(self, name: str, state: str) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def warn(self, text: str) -> None:
        pass
