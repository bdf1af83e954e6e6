"""How far an installation is."""

from __future__ import annotations

import sys
import time

from .display import is_live_terminal


class DownloadProgress:
    """Shows the progress of an installation: in one line on a terminal, with a line per step elsewhere."""

    def __init__(self, *, quiet: bool, live: bool) -> None:
        self.quiet, self.live = quiet, live and is_live_terminal()
        self._step, self._shown = '', 0.0

    def __call__(self, step: str, done: int, total: int | None) -> None:
        if self.quiet:
            return
        if self.live and time.monotonic() - self._shown > 0.1:
            self._shown = time.monotonic()
            part = f' {100 * done // total:3d} % of {total >> 20} MB' if total else ''
            sys.stderr.write(f'\r\033[K{step}{part}')
        elif not self.live and step != self._step:
            sys.stderr.write(f'{step}\n')
        self._step = step
        sys.stderr.flush()

    def end(self) -> None:
        """End the line on a terminal."""
        if self.live and not self.quiet:
            sys.stderr.write('\r\033[K')
