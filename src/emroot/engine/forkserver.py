"""Compilers that are loaded already: most of a small compile with a dynamically linked LLVM is loading LLVM.

`forkserver.c` is preloaded into clang, which then stops before `main` and forks a child for each command line. That is used on
Linux, with a clang that loads LLVM as a shared library, where there is a C compiler to make the preload library with; it is
made once for a store. Whenever anything about it does not work, compiles are started as ever.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from ..canonical import digest_bytes
from ..files import replacing
from ..sdk import Sdk
from ..store import Store
from .dynamic import needed_libraries
from .pool import Finished, Pool

SOURCE = Path(__file__).with_name('forkserver.c')
#: With fewer compiles than this it does not pay.
ENOUGH = 50
_READY = struct.pack('=i', 0)
_NO_CHILD = -1


class ForkServer:
    """One loaded compiler. It does one compile at a time."""

    def __init__(self, compiler: str, library: Path, env: Mapping[str, str]) -> None:
        self._said = os.memfd_create('emroot-said')
        try:
            self.process = subprocess.Popen(
                [compiler], cwd=library.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, bufsize=0,
                # relative, since spaces and colons would end the path
                env={**env, 'LD_PRELOAD': f'./{library.name}', 'LD_BIND_NOW': '1', 'EMROOT_FORK_SERVER': '1'})
        except OSError:
            os.close(self._said)
            raise
        self._requests, self._answers = cast(IO[bytes], self.process.stdin), cast(IO[bytes], self.process.stdout)

    def ready(self) -> bool:
        """Wait until it is loaded; false if it will not be a server: the library could not be loaded into it."""
        return self._read() == _READY

    def run(self, command: Sequence[str], cwd: Path | str) -> Finished | None:
        """Run a command line of this compiler to its end; None if it could not be run, or the server has ended."""
        began = time.perf_counter()
        request = b''.join(os.fsencode(word) + b'\0' for word in (str(cwd), *command))
        try:
            self._requests.write(struct.pack('=I', len(request)) + request)
        except OSError:
            return None
        answer = self._read()
        status = struct.unpack('=i', answer)[0] if len(answer) == 4 else _NO_CHILD
        if status == _NO_CHILD:
            return None
        return Finished(os.waitstatus_to_exitcode(status), self._take_said(), time.perf_counter() - began)

    def close(self) -> None:
        """End it."""
        self._requests.close()
        self._answers.close()
        self.process.wait()
        os.close(self._said)

    def _read(self) -> bytes:
        answer = b''
        while len(answer) < 4 and (part := self._answers.read(4 - len(answer))):
            answer += part
        return answer

    def _take_said(self) -> bytes:
        size = os.fstat(self._said).st_size
        said = os.pread(self._said, size, 0) if size else b''
        if size:
            os.ftruncate(self._said, 0)
            os.lseek(self._said, 0, os.SEEK_SET)  # children write where the last one ended
        return said


class ForkServers:
    """Runs commands as `Pool.call` does, those of one compiler in loaded ones: as many as run at once."""

    def __init__(self, pool: Pool, compilers: Sequence[str], library: Path, env: Mapping[str, str]) -> None:
        self._pool, self._compilers, self._library, self._env = pool, frozenset(compilers), library, dict(env)
        self._all: list[ForkServer] = []
        self._idle: list[ForkServer] = []
        self._works = True
        self._lock = threading.Lock()

    def call(self, command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str]) -> Finished:
        """Run a process to its end on behalf of a job. Raises `Cancelled` if the pool was stopped meanwhile."""
        server = self._take(command[0]) if env == self._env else None
        if server is None:
            return self._pool.call(command, cwd=cwd, env=env)
        with self._pool.guarding(server.process):
            done = server.run(command, cwd)
        if done is None:
            self._works = False
            return self._pool.call(command, cwd=cwd, env=env)
        with self._lock:
            self._idle.append(server)
        return done

    def close(self) -> None:
        """End all of them."""
        while self._all:
            self._all.pop().close()

    def _take(self, compiler: str) -> ForkServer | None:
        if not self._works or compiler not in self._compilers:
            return None
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            server = ForkServer(compiler, self._library, self._env)
        except OSError:
            self._works = False
            return None
        with self._lock:
            self._all.append(server)
        with self._pool.guarding(server.process):
            if server.ready():
                return server
        self._works = False
        return None


def make_fork_servers(pool: Pool, sdk: Sdk, store: Store, env: Mapping[str, str], compiles: int) -> ForkServers | None:
    """Fork servers for an SDK's compiler, or None where they cannot be had, do not pay, or are not wanted (EMROOT_FORK=0)."""
    if sys.platform != 'linux' or compiles < ENOUGH or 'LD_PRELOAD' in env or os.environ.get('EMROOT_FORK') == '0':
        return None
    programs = [str(sdk.tools[name]) for name in ('clang', 'clang++')]
    if len({os.path.realpath(program) for program in programs}) != 1:
        return None
    if not any('LLVM' in name or 'clang' in name for name in needed_libraries(Path(programs[0]))):
        return None
    library = preload_library(store)
    return ForkServers(pool, programs, library, env) if library else None


def preload_library(store: Store) -> Path | None:
    """The library, made with this machine's C compiler if that was not done before; None if it cannot be made."""
    place = store.root / 'fork' / f'{digest_bytes(SOURCE.read_bytes() + os.uname().machine.encode())[:16]}.so'
    if place.is_file():
        return place
    cc = shutil.which('cc')
    if cc is None:
        return None
    with contextlib.suppress(OSError, subprocess.CalledProcessError), replacing(place) as out:
        subprocess.run([cc, '-O1', '-shared', '-fPIC', '-o', str(out), str(SOURCE), '-ldl'], check=True, capture_output=True)
    return place if place.is_file() else None
