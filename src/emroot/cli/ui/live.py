"""The live display of a build on a terminal: finished and remaining work, and the workers' jobs."""

from __future__ import annotations

import threading
import time

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ...engine.events import ArchiveDone, Ended, Event, Planned, Remaining, Started
from ...formatting import display_path, format_duration
from .display import Display
from .messages import wants_colour
from .progress import Progress

#: The number of workers that are shown, and the minimum width for a bar.
_ROWS, _NARROW = 12, 72


class Live(Display):
    """Repaints a few lines at the bottom of the terminal; finished targets scroll by above them."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._console.no_color = not wants_colour(self._console.file)
        self._lock = threading.Lock()
        self._progress = Progress()
        self._archives = self._archives_done = 0
        self._working: dict[int, tuple[str, float]] = {}
        self._live: RichLive | None = None

    def on(self, event: Event) -> None:
        match event:
            case Planned():
                self._begin(event)
            case Remaining(compiles, seconds):
                with self._lock:
                    self._progress.left(compiles, seconds)
            case Started(worker, job):
                with self._lock:
                    self._working[worker] = (job, time.monotonic())
            case Ended(worker):
                with self._lock:
                    self._working.pop(worker, None)
            case ArchiveDone(name, state) if state != 'reused':
                self._finish(name, state)

    def _begin(self, plan: Planned) -> None:
        self._archives = plan.archives
        self._progress.planned(plan.compiles, plan.seconds)
        if plan.archives and self._live is None:
            self._live = RichLive(get_renderable=self._paint, console=self._console, refresh_per_second=8, transient=True)
            self._live.start()

    def _finish(self, name: str, state: str) -> None:
        with self._lock:
            self._archives_done += 1
        style = 'bold red' if state == 'failed' else 'green'
        self._console.print(Text.assemble((f'{state:>7} ', style), display_path(name)), soft_wrap=True)

    def print(self, text: str) -> None:
        self._console.print(Text.from_ansi(text), soft_wrap=True)

    def close(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def _paint(self) -> Group:
        with self._lock:
            now, progress = time.monotonic(), self._progress
            counts = [f'{progress.done}/{progress.total} objects'] if progress.total else []
            counts.append(f'{self._archives_done}/{max(self._archives, self._archives_done)} archives')
            width = self._console.width
            head = Table.grid(padding=(0, 1))
            facts = Text('  '.join(counts), no_wrap=True, overflow='ellipsis')
            elapsed = f'{format_duration(progress.seconds)}, {progress.text()}'
            times = Text(elapsed, style='dim', no_wrap=True, overflow='ellipsis')
            rows: list[Table | Text] = [head]
            if width >= _NARROW and progress.total:
                head.add_row(ProgressBar(total=progress.total, completed=progress.done, width=24), facts, times)
            else:
                head.add_row(facts)
                rows.append(times)
            working = sorted(self._working.items())
            rows += [_job(what, now - since, width) for _, (what, since) in working[:_ROWS]]
            if len(working) > _ROWS:
                rows.append(Text(f'  and {len(working) - _ROWS} more', style='dim'))
        return Group(*rows)


def _job(what: str, seconds: float, width: int) -> Text:
    """The line of a worker's job. If it is too long, its middle is left out."""
    took = f'  {seconds:.1f} s'
    room = max(width - len(took) - 3, 8)
    what = display_path(what)
    if len(what) > room:
        what = f'{what[:room // 2 - 1]}…{what[-(room - room // 2):]}'
    return Text.assemble(('  ' + what, 'cyan'), (took, 'dim'), no_wrap=True, overflow='crop')
