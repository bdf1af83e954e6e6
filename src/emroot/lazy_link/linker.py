"""Starting the linker, and reading what it says."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

#: Characters of a command line that every system takes.
_LONG = 30000


def run_linker(words: Sequence[str], directory: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of wasm-ld to its end; `location` is for what would be too long for a command line."""
    if sum(map(len, words)) > _LONG:
        response = directory / 'arguments'
        quoted = ('"' + word.replace('\\', '\\\\').replace('"', '\\"') + '"' for word in words[1:])
        response.write_text('\n'.join(quoted), encoding='utf-8', errors='surrogateescape')
        words = [words[0], f'@{response}']
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='surrogateescape',
                          check=False)
