"""How installations tell of their progress."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, int, int | None], None]
"""Receives progress: the current step, the finished amount, and the total (None: unknown)."""


def silent(what: str, done: int, total: int | None) -> None:
    """A `Report` that ignores everything."""
