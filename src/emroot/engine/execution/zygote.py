"""The *template*: a compiler that is loaded and stopped before its `main`. Fork servers are forked from it.

`forkserver.c` is preloaded into clang for this. It moves loaded code into huge pages, and lets children allocate from huge pages,
since page faults are most of the remaining cost of a child. Used on Linux, with a clang that loads LLVM as a shared library, if
there is a C compiler for the preload library, which is compiled once and kept.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...hashing import digest_bytes
from ...host.files import atomic_write
from ...host.programs import find_program
from .elf import needed_libraries
from .job_limits import jobs_that_fit

SOURCE = Path(__file__).with_name('forkserver.c')
#: Makes glibc (2.35 and later) allocate huge pages, many at once; other C libraries ignore it.
_HUGE_HEAP = {'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1:glibc.malloc.top_pad=33554432:glibc.malloc.mmap_threshold=33554432:'
                                'glibc.malloc.trim_threshold=4294967296'}
#: With memory for fewer jobs than this, huge pages are not used.
_JOBS_WORTH = 4
_READY = struct.pack('=i', 0)


class Zygote:
    """One loaded compiler, from which servers are forked: its code is in memory once for all servers."""

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

    def wait(self) -> bool:
        """Wait until it is loaded. False if the library could not be loaded into it."""
        return self._socket.recv(len(_READY), socket.MSG_WAITALL) == _READY

    def fork(self, descriptors: Sequence[int]) -> None:
        """Start a server with these descriptors: requests, answers, and output of its children."""
        socket.send_fds(self._socket, [b'+'], list(descriptors))

    def close(self) -> None:
        """End the template. Its servers end by themselves."""
        self._socket.close()
        self.process.wait()


class ZygoteStart:
    """A template that is loaded in the background, which takes 0.1 s, or 1 s with slow memory."""

    def __init__(self, compilers: Sequence[str], directory: Path, env: Mapping[str, str]) -> None:
        """`compilers`: names of one program. `directory`: of the preload library. `env`: of all forked processes."""
        self.compilers, self.env = frozenset(compilers), dict(env)
        self.template: Zygote | None = None
        #: Whether servers can be forked from it.
        self.works = False
        self._directory = directory
        self._loading: threading.Thread | None = None
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start to load it, at the first call."""
        with self._lock:
            if self._loading is None:
                self._loading = threading.Thread(target=self._load, daemon=True)
                self._loading.start()

    def wait(self) -> bool:
        """Load it and wait. False if this is impossible."""
        self.start()
        if self._loading:
            self._loading.join()
        return self.works

    def close(self) -> None:
        """End it, loaded or not."""
        with self._lock:
            self._closed, self.works = True, False
        if self._loading and self._loading.is_alive():  # all was done meanwhile
            if self.template:
                self.template.process.kill()
            self._loading.join()
        if self.template:
            self.template.close()

    def _load(self) -> None:
        library = preload_library(self._directory)
        with self._lock, contextlib.suppress(OSError):
            if library and not self._closed:
                self.template = Zygote(min(self.compilers), library, self.env)
        loaded = self.template is not None and self.template.wait()
        with self._lock:
            self.works = loaded and not self._closed


def find_zygote(tools: Mapping[str, Path], directory: Path, env: Mapping[str, str]) -> ZygoteStart | None:
    """The SDK's compiler to preload. None if this is impossible, not worth it, or disabled (EMROOT_FORK=0). `tools`:
    the SDK's, by name. `location` and `env`: as for `ZygoteStart`."""
    if sys.platform != 'linux' or 'LD_PRELOAD' in env or os.environ.get('EMROOT_FORK') == '0':
        return None
    programs = [str(tools[name]) for name in ('clang', 'clang++')]
    if len({os.path.realpath(program) for program in programs}) != 1:
        return None
    if not any('LLVM' in name or 'clang' in name for name in needed_libraries(Path(programs[0]))):
        return None
    return ZygoteStart(programs, directory, env) if _library(directory).is_file() or find_program('cc') else None


def _has_huge_pages() -> bool:
    """Whether Linux gives huge pages to processes that request them."""
    try:
        return '[never]' not in Path('/sys/kernel/mm/transparent_hugepage/enabled').read_text(encoding='ascii')
    except OSError:
        return False


def preload_library(directory: Path) -> Path | None:
    """The library in a directory, compiled by this machine's C compiler if missing. None if that fails."""
    library = _library(directory)
    if library.is_file():
        return library
    cc = find_program('cc')
    if cc is None:
        return None
    path = os.environ.get('PATH') or os.defpath  # actions of Bazel have none, and gcc looks there for its parts
    with contextlib.suppress(OSError, subprocess.CalledProcessError), atomic_write(library) as out:
        subprocess.run([cc, '-O1', '-shared', '-fPIC', '-o', str(out), str(SOURCE), '-ldl'], check=True, capture_output=True,
                       env={**os.environ, 'PATH': path})
    return library if library.is_file() else None


def _library(directory: Path) -> Path:
    return directory / f'{digest_bytes(SOURCE.read_bytes() + os.uname().machine.encode())[:16]}.so'
