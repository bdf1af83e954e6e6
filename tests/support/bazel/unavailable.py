"""The one error that says "no real Bazel here": tests turn it into a named skip, or into a failure in CI."""

from __future__ import annotations

__all__ = ['BazelUnavailable']


class BazelUnavailable(RuntimeError):
    """A real Bazel cannot be had on this machine; the message says what is missing and how to get it."""

    def __init__(self, missing: str, remedy: str) -> None:
        super().__init__(f'no real Bazel here: {missing}\n  to get it: {remedy}')
        self.missing = missing
        self.remedy = remedy
