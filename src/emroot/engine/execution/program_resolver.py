"""With which arguments the program of a fork server is executed: what an SDK calls its compiler may be a launcher of it."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from .zygote import Zygote


def framed(message: bytes) -> bytes:
    """A message with its length before it, as the programs behind fork servers read and write it."""
    return struct.pack('=I', len(message)) + message


class ProgramResolver:
    """Resolves command lines for one server, one at a time. Launchers are started to see what they execute."""

    def __init__(self, template: Zygote, server: int) -> None:
        """`server`: its process id."""
        self._template, self._server = template, server
        self._is_program: dict[str, bool] = {}
        self._launches: subprocess.Popen[bytes] | None = None

    def resolve(self, command: Sequence[str], cwd: Path | str) -> list[bytes]:
        """The program's arguments; empty if the command does not execute it."""
        arguments = os.fsencode('\0'.join((*command, '')))
        try:
            name = command[0]
            if name not in self._is_program:
                self._is_program[name] = os.path.samefile(name, f'/proc/{self._server}/exe')
            if not self._is_program[name]:
                arguments = self._launch(framed(os.fsencode(cwd) + b'\0' + arguments))
            return arguments.split(b'\0')[:-1]
        except OSError:
            return []

    def kill(self) -> None:
        """End it at once; what it resolves is empty then."""
        if self._launches:
            self._launches.kill()

    def close(self) -> None:
        if self._launches:
            self._launches.kill()
            self._launches.communicate()

    def _launch(self, request: bytes) -> bytes:
        if self._launches is None:
            self._launches = self._template.resolver(self._server)
        to, answers = self._launches.stdin, self._launches.stdout
        if not to or not answers:
            return b''
        to.write(request)
        return _read(answers, struct.unpack('=I', _read(answers, 4) or bytes(4))[0])


def _read(file: IO[bytes], size: int) -> bytes:
    """That many bytes, or none."""
    content = b''
    while len(content) < size:
        part = file.read(size - len(content))
        if not part:
            return b''
        content += part
    return content
