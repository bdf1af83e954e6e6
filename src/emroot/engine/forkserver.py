"""Compilers that are loaded already: most of a small compile with a dynamically linked LLVM is loading LLVM.

`forkserver.c` is preloaded into clang, which then stops before `main` and forks servers, each of which forks a child for each
command line. What is loaded moves into huge pages first, and so does what children allocate, since most of what else a child
costs is memory that it has to ask the kernel for page by page.

That is used on Linux, with a clang that loads LLVM as a shared library, where there is a C compiler to make the preload library
with; it is made once and kept. Whenever anything about it does not work, compiles are started as ever.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..canonical import digest_bytes
from ..files import replacing
from .dynamic import needed_libraries
from .memory import jobs_that_fit
from .pool import Cancelled, Finished, Pool

SOURCE = Path(__file__).with_name('forkserver.c')
#: With fewer compiles than this it does not pay.
ENOUGH = 50
#: What makes glibc (2.35 and later) take memory in huge pages, and many at once; others do not know it.
_HUGE_HEAP = {'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1:glibc.malloc.top_pad=33554432:glibc.malloc.mmap_threshold=33554432:'
                                'glibc.malloc.trim_threshold=4294967296'}
#: With less memory than for so many jobs, what huge pages take is better left to jobs.
_JOBS_WORTH = 4
_READY = struct.pack('=i', 0)
_NO_CHILD = -1


class Template:
    """One loaded compiler, from which servers are forked: what is loaded is in memory once, however many there are."""

    def __init__(self, compiler: str, library: Path, env: Mapping[str, str]) -> None:
        huge = 'GLIBC_TUNABLES' not in env and _has_huge_pages() and jobs_that_fit() >= _JOBS_WORTH
        extra = {**env, 'EMROOT_FORK_SERVER': 'huge' if huge else 'plain', 'LD_BIND_NOW': '1',
                 'LD_PRELOAD': f'./{library.name}', **(_HUGE_HEAP if huge else {})}  # relative: spaces and colons end a path
        self._socket, given = socket.socketpair()
        try:
            self.process = subprocess.Popen([compiler], cwd=library.parent, stdin=given.fileno(), stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL, env=extra)
        except OSError:
            self._socket.close()
            raise
        finally:
            given.close()

    def ready(self) -> bool:
        """Wait until it is loaded; false if it will not be: the library could not be loaded into it."""
        return self._socket.recv(len(_READY), socket.MSG_WAITALL) == _READY

    def fork(self, descriptors: Sequence[int]) -> None:
        """Start a server that has these as its requests, its answers, and what its children say."""
        socket.send_fds(self._socket, [b'+'], list(descriptors))

    def close(self) -> None:
        """End it. Its servers end by themselves."""
        self._socket.close()
        self.process.wait()


class ForkServer:
    """One forked from a loaded compiler. It does one compile at a time. Raises `OSError` if it cannot be had."""

    def __init__(self, template: Template) -> None:
        self._said = os.memfd_create('emroot-said')
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        self._requests, self._answers = os.fdopen(ours_out, 'wb', 0), os.fdopen(ours_in, 'rb', 0)
        self._process = -1
        try:
            try:
                template.fork((theirs_in, theirs_out, self._said))
            finally:
                os.close(theirs_in)
                os.close(theirs_out)
            self._process = os.pidfd_open(self._status())
        except OSError:
            self.close()
            raise

    def kill(self) -> None:
        """End it and what it does, at once."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def run(self, command: Sequence[str], cwd: Path | str) -> Finished | None:
        """Run a command line of this compiler to its end; None if it could not be run, or the server has ended."""
        began = time.perf_counter()
        request = os.fsencode('\0'.join((str(cwd), *command, '')))
        try:
            self._requests.write(struct.pack('=I', len(request)) + request)
        except OSError:
            return None
        status = self._status()
        if status == _NO_CHILD:
            return None
        return Finished(os.waitstatus_to_exitcode(status), self._take_said(), time.perf_counter() - began)

    def close(self) -> None:
        """End it."""
        self._requests.close()
        self._answers.close()
        os.close(self._said)
        if self._process >= 0:
            os.close(self._process)

    def _status(self) -> int:
        answer = b''
        while len(answer) < 4 and (part := self._answers.read(4 - len(answer))):
            answer += part
        return int(struct.unpack('=i', answer)[0]) if len(answer) == 4 else _NO_CHILD

    def _take_said(self) -> bytes:
        size = os.fstat(self._said).st_size
        said = os.pread(self._said, size, 0) if size else b''
        if size:
            os.ftruncate(self._said, 0)
            os.lseek(self._said, 0, os.SEEK_SET)  # children write where the last one ended
        return said


class ForkServers:
    """Runs commands as `Pool.call` does, those of one compiler in loaded ones: as many as run at once. The first command has it
    loaded, which takes half a second; until then they are started as ever."""

    def __init__(self, pool: Pool, compilers: Sequence[str], library: Path, env: Mapping[str, str]) -> None:
        """`compilers`: names of one program."""
        self._pool, self._compilers, self._library, self._env = pool, frozenset(compilers), library, dict(env)
        self._template: Template | None = None
        self._loading: threading.Thread | None = None
        self._all: list[ForkServer] = []
        self._idle: list[ForkServer] = []
        self._begun = self._works = False
        self._lock = threading.Lock()

    def call(self, command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str]) -> Finished:
        """Run a process to its end on behalf of a job. Raises `Cancelled` if the pool was stopped meanwhile."""
        server = self._take(command[0]) if env == self._env else None
        if server is None:
            return self._pool.call(command, cwd=cwd, env=env)
        with self._pool.guarding(server):
            done = server.run(command, cwd)
        if done is None:
            self._works = False
            return self._pool.call(command, cwd=cwd, env=env)
        with self._lock:
            self._idle.append(server)
        return done

    def ready(self) -> bool:
        """Have the compiler loaded, and wait for that; false if it will not be."""
        self.begin()
        if self._loading:
            self._loading.join()
        return self._works

    def close(self) -> None:
        """End all of them."""
        while self._all:
            self._all.pop().close()
        if self._template:
            if self._loading and self._loading.is_alive():  # all was done meanwhile
                self._template.process.kill()
                self._loading.join()
            self._template.close()

    def _take(self, compiler: str) -> ForkServer | None:
        if compiler not in self._compilers:
            return None
        self.begin()
        if not self._works or not self._template:
            return None
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            server = ForkServer(self._template)
        except OSError:
            self._works = False
            return None
        with self._lock:
            self._all.append(server)
        return server

    def begin(self) -> None:
        """Have the compiler loaded, the first time. The first command does it, too."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
            with contextlib.suppress(OSError):
                self._template = Template(min(self._compilers), self._library, self._env)
                self._loading = threading.Thread(target=self._load, args=(self._template,), daemon=True)
                self._loading.start()

    def _load(self, template: Template) -> None:
        with contextlib.suppress(Cancelled), self._pool.guarding(template.process):
            self._works = template.ready()


def _has_huge_pages() -> bool:
    """Whether this machine's Linux makes huge pages where a process asks for them."""
    try:
        return '[never]' not in Path('/sys/kernel/mm/transparent_hugepage/enabled').read_text(encoding='ascii')
    except OSError:
        return False


def make_fork_servers(pool: Pool, tools: Mapping[str, Path], place: Path, env: Mapping[str, str],
                      compiles: int) -> ForkServers | None:
    """Fork servers for an SDK's compiler, or None where they cannot be had, do not pay, or are not wanted (EMROOT_FORK=0).

    `tools`: the SDK's, by name; `place`: the directory that keeps the library that is preloaded.
    """
    if sys.platform != 'linux' or compiles < ENOUGH or 'LD_PRELOAD' in env or os.environ.get('EMROOT_FORK') == '0':
        return None
    programs = [str(tools[name]) for name in ('clang', 'clang++')]
    if len({os.path.realpath(program) for program in programs}) != 1:
        return None
    if not any('LLVM' in name or 'clang' in name for name in needed_libraries(Path(programs[0]))):
        return None
    library = preload_library(place)
    return ForkServers(pool, programs, library, env) if library else None


def preload_library(place: Path) -> Path | None:
    """The library in a directory, made with this machine's C compiler if it is not there; None if it cannot be made."""
    library = place / f'{digest_bytes(SOURCE.read_bytes() + os.uname().machine.encode())[:16]}.so'
    if library.is_file():
        return library
    cc = shutil.which('cc')
    if cc is None:
        return None
    path = os.environ.get('PATH') or os.defpath  # actions of Bazel have none, and gcc looks there for its parts
    with contextlib.suppress(OSError, subprocess.CalledProcessError), replacing(library) as out:
        subprocess.run([cc, '-O1', '-shared', '-fPIC', '-o', str(out), str(SOURCE), '-ldl'], check=True, capture_output=True,
                       env={**os.environ, 'PATH': path})
    return library if library.is_file() else None
