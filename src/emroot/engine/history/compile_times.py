"""Compile times on this machine, used to start the longest compiles first and to estimate the rest.

All times are processor time; wall time would depend on the load of the machine.
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
    """Compile times by source and kind, in one small file for all SDKs and modes of a home. The file is `{source:
    {kind: milliseconds}}`. If it is lost, or another process overwrites it, only estimates get worse."""

    def __init__(self, home: Home, sdk: Sdk) -> None:
        self._file, self._sdk = home.memo / 'durations.json', sdk
        self._known = _read(self._file)
        self._learned: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def expected(self, compile_: Compile) -> float:
        """Expected processor seconds of a compile: as measured for this source, or estimated from language and size."""
        kinds = self._known.get(compile_.source)
        if not kinds:
            return expected_seconds(self._sdk, compile_)
        return kinds.get(kind(compile_.argv), max(kinds.values())) / 1000

    def record(self, compile_: Compile, seconds: float) -> None:
        """Record the processor seconds of a compile."""
        with self._lock:
            self._learned.setdefault(compile_.source, {})[kind(compile_.argv)] = round(1000 * seconds)

    def save(self) -> None:
        """Write the recorded times to the file."""
        if self._learned:
            known = _read(self._file)
            for source, kinds in self._learned.items():
                known[source] = {**known.get(source, {}), **kinds}
            write_json(self._file, known)


def kind(argv: Sequence[str]) -> str:
    """What in a command line determines its compile time: `-Oz`, and whether it makes bitcode."""
    level = next((arg for arg in reversed(argv) if arg.startswith('-O')), '-O0')
    return level + next((arg for arg in argv if arg.startswith('-flto')), '')


def _read(file: Path) -> dict[str, dict[str, int]]:
    found = read_json(file) or {}
    return {source: kinds for source, kinds in found.items()
            if isinstance(kinds, dict) and kinds and all(isinstance(ms, int) for ms in kinds.values())}
