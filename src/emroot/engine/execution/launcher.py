"""Compiling through a program that knows better: ccache, sccache, recc, distcc, or any that is put before a command.

It has to give the compiler's own bytes. The first compile of each of a build's compilers is done both ways and compared; a
compile that fails through it is done without. Either ends its use for the build, with one warning.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...hashing import digest_file
from ...host.files import atomic_write, make_directories
from ...sdk import Sdk
from ...store import Store
from ..events import Watcher
from .pool import Executor, Finished


class LauncherExecutor:
    """An executor of compiles in front of another."""

    def __init__(self, launcher: str, executor: Executor, watcher: Watcher, directory: Path | None) -> None:
        self._launcher, self._executor, self._watcher, self._directory = launcher, executor, watcher, directory
        self._lock = threading.Lock()
        self._checked: set[str] = set()
        self._left = False

    def call(self, command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str]) -> Finished:
        """See `Executor`."""
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
            self._leave(f'a compile fails with it and succeeds without it: {_last_words(done.output)}')
        elif made and out.is_file() and digest_file(out) != made:
            self._leave('its output differs from the compiler\'s own')
        elif made:
            self._checked.add(command[0])
        return plain

    def _launch(self, command: Sequence[str], cwd: Path | str, env: Mapping[str, str]) -> Finished:
        """A compile through it, under names that are the same each time: it may remember what was asked before."""
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
        for file, wanted in written.items():
            with contextlib.suppress(FileNotFoundError):
                os.replace(file, wanted)
        return done

    def _leave(self, why: str) -> None:
        with self._lock:
            first, self._left = not self._left, True
        if first:
            self._watcher.warn(f'the launcher {os.path.basename(self._launcher)} is no longer used: {why}')


def make_working_directory(store: Store, sdk: Sdk, below: Path) -> Path | None:
    """A directory from which the SDK's sources have the names that they have from `below`, and that may be written to: recc sends
    away only what writes where it is. It stays where it is, since ccache looks at that. None where there are no links."""
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


def _last_words(output: bytes) -> str:
    lines = output.decode(errors='replace').strip().splitlines()
    return lines[-1][:200] if lines else 'no message'
