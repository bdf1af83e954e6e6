"""Run the linker, and parse its output."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..host.quoting import write_response_file

#: Characters of a command line that every system takes.
_LONG = 30000


def run_linker(words: Sequence[str], directory: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of wasm-ld to its end. `location`: a directory for a response file."""
    if sum(map(len, words)) > _LONG:
        words = [words[0], write_response_file(directory / 'arguments', words[1:])]
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='surrogateescape',
                          check=False)
