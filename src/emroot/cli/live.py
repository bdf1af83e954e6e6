"""The live display of a build on a terminal: what is done, what is left, and what each worker is at."""

from __future__ import annotations

import threading
import time

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text


class Live:
    """Repaints a few lines at the bottom of the terminal; targets that are done scroll by above them."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._archives = self._compiles = self._archives_done = self._compiles_done = 0
        self._expected = self._spent = self._spent_expected = 0.0
        self._working: dict[int, tuple[str, float]] = {}
        self._live: RichLive | None = None

    def planned(self, archives: int, compiles: int, seconds: float) -> None:
        """Begin to paint if there is anything to do."""
        self._archives, self._compiles, self._expected = archives, compiles, seconds
        if archives and self._live is None:
            self._live = RichLive(get_renderable=self._paint, console=self._console, refresh_per_second=8,
                                  transient=True)
            self._live.start()

    def started(self, worker: int, what: str) -> None:
        """A worker's line."""
        with self._lock:
            self._working[worker] = (what, time.monotonic())

    def ended(self, worker: int, what: str, seconds: float, kind: str) -> None:
        """Counts."""
        with self._lock:
            self._working.pop(worker, None)
            if kind == 'compile':
                self._compiles_done += 1
                self._spent += seconds

    def archive(self, name: str, state: str) -> None:
        """A line that stays for what was built or failed."""
        if state == 'reused':
            return
        with self._lock:
            self._archives_done += 1
        style = 'red' if state == 'failed' else 'green'
        self._console.print(Text.assemble((f'{state:>7} ', style), name))

    def print(self, text: str) -> None:
        """A line above the display."""
        self._console.print(Text(text))

    def close(self) -> None:
        """Take the display away."""
        if self._live:
            self._live.stop()
            self._live = None

    def _paint(self) -> Group:
        with self._lock:
            now = time.monotonic()
            done, total = self._compiles_done, max(self._compiles, 1)
            head = Table.grid(padding=(0, 1))
            head.add_row(ProgressBar(total=total, completed=done, width=32),
                         Text(f'{done}/{self._compiles} objects'), Text(f'{self._archives_done}/{self._archives} archives'),
                         Text(self._left(now), style='dim'))
            rows = [Text(f'  {what}  {now - since:4.1f} s', style='cyan', overflow='ellipsis', no_wrap=True)
                    for _, (what, since) in sorted(self._working.items())][:12]
        return Group(head, *rows)

    def _left(self, now: float) -> str:
        """Time left: what is left of the expectation, at the pace of what is done. Nothing before it is worth saying."""
        spent = now - self._began
        if self._compiles_done < 10 or spent < 3:
            return f'{spent:.0f} s'
        left = spent * (self._compiles - self._compiles_done) / self._compiles_done
        return f'{spent:.0f} s, about {left:.0f} s left'
