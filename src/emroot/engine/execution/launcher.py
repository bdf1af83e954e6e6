"""Compiles through a launcher: ccache, sccache, recc, distcc, or any program that is put in front of a compile command.

A launcher must give the compiler's own output. The first compile of each compiler of a build is run with and without it, and
compared; one that fails with the launcher is repeated without. A difference, or a success without it, ends its use for this
build, with one warning.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import last_line
from ...hashing import digest_file
from ...host.files import atomic_write, make_directories
from ...sdk import Sdk
from ...store import Store
from ..events import BuildListener
from .pool import Executor, Finished


class LauncherExecutor:
    """An executor that runs compiles through a launcher, and everything else with another executor."""

    def __init__(self, launcher: str, executor: Executor, listener: BuildListener, directory: Path | None) -> None:
        self._launcher, self._executor, self._listener, self._directory = launcher, executor, listener, directory
        self._lock = threading.Lock()
        self._checked: set[str] = set()
        self._left = False

    def call(self, command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str]) -> Finished:
        if self._left:
            return self._executor.call(command, cwd=cwd, env=env)
        out = Path(command[command.index('-o') + 1])
        done = self._launch(command, self._directory or cwd, env)
        made = digest_file(out) if done.code == 0 and out.is_file() else None
        if made and command[0] in self._checked:
            return done
        out.unlink(missing_ok=True)
        plain = self._executor.call(command, cwd=cwd, env=env)
        if made is None and plain.code == 0:
            why = last_line(done.output.decode(errors='replace'))[:200]
            self._leave(f'a compile fails with it and succeeds without it: {why}')
        elif made and out.is_file() and digest_file(out) != made:
            self._leave('its output differs from the compiler\'s own')
        elif made:
            self._checked.add(command[0])
        return plain

    def _launch(self, command: Sequence[str], cwd: Path | str, env: Mapping[str, str]) -> Finished:
        """Run a compile through the launcher, with constant file names: it may cache by command line."""
        named, written = [*command], {}
        for flag in ('-o', '-MF'):
            if self._directory and flag in command:
                at = command.index(flag) + 1
                named[at] = Path(command[command.index('-o') + 1]).with_suffix('.o' if flag == '-o' else '.d').name
                written[self._directory / named[at]] = command[at]
        if '-MF' in command:
            named += ['-MT', 'object']
        # recc asks the compiler what is read, with flags that mean nothing then.
        done = self._executor.call([self._launcher, *named, '-Wno-unused-command-line-argument'], cwd=cwd, env=env)
        for file, target in written.items():
            with contextlib.suppress(FileNotFoundError):
                os.replace(file, target)
        return done

    def _leave(self, why: str) -> None:
        with self._lock:
            first, self._left = not self._left, True
        if first:
            self._listener.warn(f'the launcher {os.path.basename(self._launcher)} is no longer used: {why}')


def make_working_directory(store: Store, sdk: Sdk, below: Path) -> Path | None:
    """A writable directory where the SDK's sources have the same relative names as `below` (recc sends nothing else), with a
    constant path (ccache hashes it). None if the system has no symbolic links."""
    top = store.root / 'launch' / f'{sdk.digest[:16]}-{sdk.location_key[:8]}'
    directory = top.joinpath(*(f'{n}' for n in range(len(below.relative_to(sdk.root).parts))))
    try:
        make_directories(directory)
        for folder in (entry for entry in os.scandir(sdk.root) if entry.is_dir()):
            link = top / folder.name
            if not link.is_symlink() or os.readlink(link) != folder.path:
                with atomic_write(link) as temporary:
                    os.symlink(folder.path, temporary)
    except OSError:
        return None
    return directory
