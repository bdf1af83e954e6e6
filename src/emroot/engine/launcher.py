"""Compiling through a program that knows better: ccache, sccache, recc, distcc, or any that is put before a command.

It has to give the compiler's own bytes. The first compile of each of a build's compilers is done both ways and compared; a
compile that fails through it is done without. Either ends its use for the build, with one warning.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..canonical import digest_file
from .events import Watcher
from .pool import Executor, Finished


class Launched:
    """An executor of compiles in front of another."""

    def __init__(self, launcher: str, executor: Executor, watcher: Watcher) -> None:
        self._launcher, self._executor, self._watcher = launcher, executor, watcher
        self._lock = threading.Lock()
        self._checked: set[str] = set()
        self._left = False

    def call(self, command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str]) -> Finished:
        """See `Executor`."""
        if self._left:
            return self._executor.call(command, cwd=cwd, env=env)
        named = [*command, '-MT', 'object'] if '-MF' in command else command  # else the object's own name, another each time
        done = self._executor.call([self._launcher, *named], cwd=cwd, env=env)
        out = Path(command[command.index('-o') + 1])
        made = digest_file(out) if done.code == 0 and out.is_file() else None
        if made and command[0] in self._checked:
            return done
        out.unlink(missing_ok=True)
        plain = self._executor.call(command, cwd=cwd, env=env)
        if made is None and plain.code == 0:
            self._leave(f'a compile fails with it that does not without: {_last_words(done.output)}')
        elif made and out.is_file() and digest_file(out) != made:
            self._leave('what comes out of it is not what the compiler makes')
        elif made:
            self._checked.add(command[0])
        return plain

    def _leave(self, why: str) -> None:
        with self._lock:
            first, self._left = not self._left, True
        if first:
            self._watcher.warn(f'the launcher {os.path.basename(self._launcher)} is no longer used: {why}')


def _last_words(output: bytes) -> str:
    lines = output.decode(errors='replace').strip().splitlines()
    return lines[-1][:200] if lines else 'it says nothing'
