"""Preloaded compilers: loading LLVM takes half of a small compile and more.

Servers are forked from a template (see `zygote.py`), and each forks a child per command line. If this fails
in any way, compilers are started as usual; so is what a child failed at, for its messages and exit code to be the compiler's.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .front_end import FrontEndCommands
from .pool import Finished, Pool
from .program_resolver import ProgramResolver, framed
from .zygote import Zygote, ZygoteStart

#: The minimum number of compiles for which preloading saves time.
ENOUGH = 50
#: So many are started as usual before the compiler is loaded, which takes as long as it saves for them: of the compiles of a
#: lazy link, most objects may be in the store.
FEW = 6
_NO_CHILD = -1


class ForkServer:
    """A server, forked from a loaded compiler, for one compile at a time. Raises `OSError` if it cannot start."""

    def __init__(self, template: Zygote) -> None:
        self._output = os.memfd_create('emroot-output')
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        self._requests, self._answers = os.fdopen(ours_out, 'wb', 0), os.fdopen(ours_in, 'rb', 0)
        self._process = -1
        self._resolver: ProgramResolver | None = None
        try:
            try:
                template.fork((theirs_in, theirs_out, self._output))
            finally:
                os.close(theirs_in)
                os.close(theirs_out)
            number, = self._numbers(1)
            self._process = os.pidfd_open(number)
            self._resolver = ProgramResolver(template, number)
            self._leading = _leading(Path(f'/proc/{number}/cmdline').read_bytes().split(b'\0'))
            if not template.pays(number):
                raise OSError('forking takes longer than starting')
        except OSError:
            self.close()
            raise

    def kill(self) -> None:
        """Kill the server and its compile at once."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        if self._resolver:
            self._resolver.kill()

    def run(self, command: Sequence[str], cwd: Path | str) -> Finished | None:
        """Run a command line of this compiler. None if it could not be run, or the server has ended."""
        arguments = self._resolver.resolve(command, cwd) if self._resolver else []
        name, *tool = self._leading
        if not arguments or arguments[1:1 + len(tool)] != tool:
            return None
        if arguments[0] != name if tool else len(arguments[0]) > len(name):
            return None
        return self.execute(arguments[0], arguments[1 + len(tool):], cwd)

    def execute(self, name: bytes, arguments: Sequence[bytes], cwd: Path | str) -> Finished | None:
        """Run the program, like `run`. `name`: its argument 0, no longer than the template's."""
        began = time.perf_counter()
        try:
            self._requests.write(framed(b'\0'.join((os.fsencode(cwd), name, _response_file(arguments)))))
        except OSError:
            return None
        status, used = self._numbers(2)
        if status == _NO_CHILD:
            return None
        return Finished(os.waitstatus_to_exitcode(status), self._take_output(), time.perf_counter() - began, used / 1e6)

    def compile(self, command: Sequence[str], cwd: Path | str, front_end: FrontEndCommands) -> Finished | None:
        """Run a command line like `run`, if possible without the driver."""
        words = self.front_end_command(command, cwd, front_end)
        return (self.run_front_end(words, cwd) if words else None) or self.run(command, cwd)

    def front_end_command(self, command: Sequence[str], cwd: Path | str, known: FrontEndCommands, *,
                          at_once: bool = False) -> list[str]:
        """What the driver would execute, as `FrontEndCommands.find`."""
        return known.find(command, cwd, lambda asked: _output(self.run(asked, cwd)), at_once=at_once)

    def run_front_end(self, command: Sequence[str], cwd: Path | str) -> Finished | None:
        """Run a command of the front end, like `run`."""
        return self.execute(self._leading[0], [os.fsencode(word) for word in command[1:]], cwd)

    def close(self) -> None:
        self._requests.close()
        self._answers.close()
        os.close(self._output)
        if self._process >= 0:
            os.close(self._process)
        if self._resolver:
            self._resolver.close()

    def _numbers(self, count: int) -> Sequence[int]:
        """Read `count` 32-bit numbers of an answer. If it ends early, all are `_NO_CHILD`."""
        size, answer = 4 * count, b''
        while len(answer) < size and (part := self._answers.read(size - len(answer))):
            answer += part
        return struct.unpack(f'={count}i', answer) if len(answer) == size else [_NO_CHILD] * count

    def _take_output(self) -> bytes:
        size = os.fstat(self._output).st_size
        output = os.pread(self._output, size, 0) if size else b''
        if size:
            os.ftruncate(self._output, 0)
            os.lseek(self._output, 0, os.SEEK_SET)  # children write where the last one ended
        return output


def _leading(arguments: Sequence[bytes]) -> list[bytes]:
    """The name of a program, and its arguments that precede all options and response files."""
    return [arguments[0], *itertools.takewhile(lambda argument: argument[:1] not in (b'-', b'@'), arguments[1:])]


def _output(done: Finished | None) -> str:
    return done.output.decode(errors='surrogateescape') if done else ''


def _response_file(arguments: Sequence[bytes]) -> bytes:
    """The content of a response file, as GNU tools read it."""
    return b'\n'.join(b'"%b"' % argument.replace(b'\\', b'\\\\').replace(b'"', b'\\"') for argument in arguments)


class ForkServers:
    """Runs commands like `Pool.call`, those of the preloaded compiler in servers, one per concurrent job.
    Some commands have it loaded, if it is not; until it is loaded, commands are started as usual."""

    def __init__(self, pool: Pool, preload: ZygoteStart) -> None:
        """Close it before the preload."""
        self._pool, self._preload = pool, preload
        self._all: list[ForkServer] = []
        self._idle: list[ForkServer] = []
        self.front_end = FrontEndCommands()
        self._commands = 0
        self._lock = threading.Lock()

    def call(self, command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str]) -> Finished:
        done = self.use(command[0], env, lambda server: server.compile(command, cwd, self.front_end))
        return done if done and done.code == 0 else self._pool.call(command, cwd=cwd, env=env)

    def use(self, compiler: str, env: Mapping[str, str], run: Callable[[ForkServer], Finished | None]) -> Finished | None:
        """Have a server of this compiler run something. None if there is no server; also if that returns None, after which no
        server is used."""
        server = self._take(compiler) if env == self._preload.env else None
        if server is None:
            return None
        with self._pool.guarding(server.kill):
            done = run(server)
        if done is None:
            self._preload.works = False
            return None
        with self._lock:
            self._idle.append(server)
        return done

    def close(self) -> None:
        while self._all:
            self._all.pop().close()

    def _take(self, compiler: str) -> ForkServer | None:
        if compiler not in self._preload.compilers:
            return None
        self._commands += 1
        if self._commands > FEW:
            self._preload.start()
        if not self._preload.works or not self._preload.template:
            return None
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            server = ForkServer(self._preload.template)
        except OSError:
            self._preload.works = False
            return None
        with self._lock:
            self._all.append(server)
        return server
