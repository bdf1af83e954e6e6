"""Which tests run: the default ones, the slow ones (marked `slow`) or a share of them; and what they say at the end.

A share is `K/N`: part K of N. Each slow test is in one of the N, by its name alone, so that the N together are all of them.
"""

from __future__ import annotations

import zlib
from argparse import ArgumentTypeError
from collections import Counter
from dataclasses import dataclass

import pytest

#: How `cannot_run` begins its reasons.
CANNOT_RUN = 'cannot run here: '


@dataclass(frozen=True)
class Share:
    """Part `number` (from 1) of `count`."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Share:
        """From `K/N`. Raises `ArgumentTypeError`."""
        number, _, count = text.partition('/')
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise ArgumentTypeError(f'{text!r} is no share: write K/N, with K from 1 to N')
        return cls(int(number), int(count))

    def has(self, nodeid: str) -> bool:
        """Whether a test is in it: one with these parameters, since some functions have a hundred that take a minute."""
        return zlib.crc32(nodeid.encode()) % self.count == self.number - 1


class Tiers:
    """Chooses; says at the end, once, what could not run and why, and how long each part of the tests took."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Of the slow tests, keep those of the share that was asked for."""
        share: Share | None = config.getoption('--share')
        if share:
            kept = [item for item in items if not item.get_closest_marker('slow') or share.has(item.nodeid)]
            config.hook.pytest_deselected(items=list(set(items).difference(kept)))
            items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add it to its part, the directory below `tests`."""
        self.seconds['/'.join(report.nodeid.split('/')[:2])] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Each reason with the number of tests; each part with its seconds, of whichever process."""
        reasons: Counter[str] = Counter()
        for report in terminalreporter.stats.get('skipped', []):
            reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
            if CANNOT_RUN in reason:
                reasons[reason.partition(CANNOT_RUN)[2]] += 1
        if reasons:
            terminalreporter.section('could not run here')
        for reason, count in reasons.most_common():
            terminalreporter.line(f'{count} tests: {reason}' if count > 1 else f'1 test: {reason}')
        if len(self.seconds) > 1:
            terminalreporter.section('seconds of each part')
            terminalreporter.line(', '.join(f'{part} {seconds:.0f}' for part, seconds in self.seconds.most_common()))
