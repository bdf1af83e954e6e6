"""Prevents side effects of SDK code, and records the files that it reads. Runs in the SDK's Python (3.8 on).

emcc's front half reads files to decide (response files, `-sNAME=@file`, libraries in `-L` directories): an answer is valid while
these are unchanged. It also starts programs, makes directories and fetches ports, which a query must not do. An audit hook sees
all of this, whatever function a release uses: reads are recorded, everything else is refused.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

#: Audit events that change files, each with the positions of the paths it changes.
CHANGES = {'os.mkdir': (0,), 'os.rename': (0, 1), 'os.remove': (0,), 'os.rmdir': (0,), 'os.link': (1,),
           'os.symlink': (1,), 'os.truncate': (0,), 'os.chmod': (0,), 'os.utime': (0,), 'shutil.rmtree': (0,)}
#: Audit events that start a program or use the network.
STARTS = {'subprocess.Popen', 'os.system', 'os.exec', 'os.fork', 'os.posix_spawn', 'os.spawn', 'os.startfile',
          'socket.connect', 'socket.getaddrinfo', 'urllib.Request'}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ActionBlocked(BaseException):
    """The SDK tried to act. Not an `Exception`, because SDK code catches those."""


class Guard:
    """Watches this process from `install` on, except reads in `known` directories. `writable` ones are emroot's."""

    def __init__(self, known: Iterable[str], writable: Iterable[str]) -> None:
        self.writable = tuple(_below(path) for path in writable)
        self.known = (*(_below(path) for path in known), *self.writable)
        #: Paths that are treated as existing files and directories. Set after the arguments are known.
        self.pretended_files: set[str] = set()
        self.pretended_directories: set[str] = set()
        #: A directory that is treated as existing, with all its content.
        self.pretended_tree = ''
        self._looks: dict[tuple[str, str], bool] = {}
        self._reads: dict[str, None] = {}
        self._asleep = True
        #: The real `os.path.exists`; calls are recorded.
        self.really_exists = self._looking('exists', os.path.exists)

    def install(self) -> None:
        """Start to watch. Audit hooks cannot be removed."""
        for how in ('exists', 'isfile', 'isdir'):
            setattr(os.path, how, self._pretending(how, self._looking(how, getattr(os.path, how))))
        sys.addaudithook(self._audit)
        self._asleep = False

    def noted(self) -> list[list[Any]]:
        """The recorded reads: `[how, path, answer]`, where `how` is `exists`, `isfile`, `isdir` (answer true or false) or `read`
        (a sha256, or null without such a file). Ends the watch."""
        self._asleep = True
        looks = [[how, path, answer] for (how, path), answer in self._looks.items()]
        return [*looks, *(['read', path, _sha256(path)] for path in self._reads)]

    def _looking(self, how: str, really: Callable[[Any], bool]) -> Callable[[object], bool]:
        def look(path: object) -> bool:
            answer = really(path)
            if not self._asleep and isinstance(path, (str, os.PathLike)) and not self._is_known(path):
                self._looks[how, str(os.fspath(path))] = answer
            return answer
        return look

    def _pretending(self, how: str, otherwise: Callable[[object], bool]) -> Callable[[object], bool]:
        def look(path: object) -> bool:
            return (path in (self.pretended_directories if how == 'isdir' else self.pretended_files)
                    or (bool(self.pretended_tree) and str(path).startswith(_below(self.pretended_tree))) or otherwise(path))
        return look

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._asleep:
            return
        if event == 'open':
            path, mode, flags = arguments
            if not isinstance(path, (str, bytes, os.PathLike)):
                return
            if set(mode or '') & set('wax+') or flags & _WRITING:
                self._refuse_unless_ours('write', path)
            elif not self._is_known(path):
                self._reads[os.fsdecode(path)] = None
        elif event in CHANGES:
            for position in CHANGES[event]:
                self._refuse_unless_ours(event, arguments[position])
        elif event in STARTS:
            raise ActionBlocked(f'{event}: {str(arguments[1] if event == "subprocess.Popen" else arguments[:1])[:300]}')

    def _refuse_unless_ours(self, event: str, path: object) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)) or path == os.devnull:
            return
        if not _spelled(os.fsdecode(path)).startswith(self.writable):
            raise ActionBlocked(f'{event}: {os.fsdecode(path)}')

    def _is_known(self, path: str | bytes | os.PathLike[str]) -> bool:
        return _spelled(os.fsdecode(path)).startswith(self.known)


def _spelled(path: str) -> str:
    return os.path.normcase(os.path.abspath(path))


def _below(path: str) -> str:
    return os.path.join(_spelled(path), '')


def _sha256(path: str) -> str | None:
    try:
        with open(path, 'rb') as f:
            return hashlib.sha256(f.read()).hexdigest()
    except OSError:
        return None
