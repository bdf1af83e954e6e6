"""How long compiles took here before, so that the longest can start first and the rest be estimated.

In seconds of a processor: those of the clock would say how busy the machine was.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from ...host.home import Home, read_json, write_json
from ...keys.plan import Compile
from ...sdk import Sdk
from .estimate import expected_seconds


class CompileTimes:
    """Lengths of compiles by source and kind, one small file for all SDKs and modes of a home.

    The file is `{source: {kind: milliseconds}}`. Losing it, or what another process added to it meanwhile, costs nothing but
    a worse guess.
    """

    def __init__(self, home: Home, sdk: Sdk) -> None:
        self._place, self._sdk = home.memo / 'durations.json', sdk
        self._known = _read(self._place)
        self._learned: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def expected(self, compile_: Compile) -> float:
        """Seconds that a compile took when it was last done, here, for any SDK or mode; of another kind if there is none
        of its kind; else what its language and size let expect."""
        kinds = self._known.get(compile_.source)
        if not kinds:
            return expected_seconds(self._sdk, compile_)
        return kinds.get(kind(compile_.argv), max(kinds.values())) / 1000

    def record(self, compile_: Compile, seconds: float) -> None:
        """Note how many seconds of a processor a compile took."""
        with self._lock:
            self._learned.setdefault(compile_.source, {})[kind(compile_.argv)] = round(1000 * seconds)

    def save(self) -> None:
        """Keep what was learned."""
        if self._learned:
            known = _read(self._place)
            for source, kinds in self._learned.items():
                known[source] = {**known.get(source, {}), **kinds}
            write_json(self._place, known)


def kind(argv: Sequence[str]) -> str:
    """What else than the source decides how long a compile takes: its optimisation (`-Oz`), and whether it ends in bitcode."""
    level = next((arg for arg in reversed(argv) if arg.startswith('-O')), '-O0')
    return level + next((arg for arg in argv if arg.startswith('-flto')), '')


def _read(file: Path) -> dict[str, dict[str, int]]:
    found = read_json(file) or {}
    return {source: kinds for source, kinds in found.items()
            if isinstance(kinds, dict) and kinds and all(isinstance(ms, int) for ms in kinds.values())}
