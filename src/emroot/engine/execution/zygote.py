"""The *template*: a compiler that is loaded and stopped where it opens a response file, before it has looked at any argument.
Fork servers are forked from it, and their children go on with arguments of their own.

A dynamically linked clang is stopped by a library that is preloaded into it (`forkserver.c`), a statically linked one by a
program that starts it (`static_forkserver.c`). Both move loaded code into huge pages: page faults are most of what is left of a
child's start, and half of a small compile of a static clang, whose children get memory that stays, too (`child_memory.h`).
Used on Linux, if there is a C compiler for these two, which are compiled once and kept.
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

from .c_programs import RESPONSE_FILE, can_compile, preload_library, static_server
from .elf import needed_libraries
from .job_limits import jobs_that_fit

#: Makes glibc (2.35 and later) allocate huge pages, many at once; other C libraries ignore it.
_HUGE_HEAP = {'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1:glibc.malloc.top_pad=33554432:glibc.malloc.mmap_threshold=33554432:'
                                'glibc.malloc.trim_threshold=4294967296'}
#: With memory for fewer jobs than this, huge pages are not used.
_JOBS_WORTH = 4
#: The size in bytes from which a program contains LLVM; what is smaller starts another one.
CONTAINS_LLVM = 16 << 20
#: Kilobytes in small pages from which forking a process takes long.
_MANY_SMALL = 32 << 10
_READY = struct.pack('=i', 0)


class Zygote:
    """One loaded compiler, from which servers are forked: its code is in memory once for all servers."""

    def __init__(self, compiler: str, program: Path, env: Mapping[str, str]) -> None:
        """`program`: a preload library or a static server (see `c_programs.py`). Raises `OSError` if it cannot be started."""
        self._program, self._env, self._static = program, env, not program.suffix
        if not self._static:
            huge = 'GLIBC_TUNABLES' not in env and can_use_huge_pages()
            command = [compiler, f'@{RESPONSE_FILE}']
            env = {**env, 'EMROOT_FORK_SERVER': 'huge' if huge else 'plain', 'LD_BIND_NOW': '1',
                   'LD_PRELOAD': f'./{program.name}', **(_HUGE_HEAP if huge else {})}  # relative: spaces and colons end a path
        else:
            command = [f'./{program.name}', 'serve', str(CONTAINS_LLVM), compiler]
        self._socket, given = socket.socketpair()
        try:
            self.process = subprocess.Popen(command, cwd=program.parent, stdin=given.fileno(), stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL, env=env)
        except OSError:
            self._socket.close()
            raise
        finally:
            given.close()

    def resolver(self, server: int) -> subprocess.Popen[bytes]:
        """A process that says with which arguments launchers execute the program of this server (a process id), as `resolve` of
        `static_forkserver.c`. Raises `OSError` if there is none."""
        if not self._static:
            raise OSError(f'{self._program} resolves no launchers')
        return subprocess.Popen([f'./{self._program.name}', 'resolve', str(server)], cwd=self._program.parent, bufsize=0,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self._env)

    def pays(self, server: int) -> bool:
        """Whether forking this server (a process id) takes less time than a start. Linux may have had no huge pages left for the
        code of a static compiler; each child would get 40,000 small ones."""
        return not self._static or not has_small_pages(server)

    def wait(self) -> bool:
        """Wait until it is loaded. False if that failed."""
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

    def __init__(self, compilers: Sequence[str], directory: Path, env: Mapping[str, str], *, static: bool = False) -> None:
        """`compilers`: names of one program; if it is linked statically (`static`), also of launchers of it. `directory`: of the
        programs behind it. `env`: of all forked processes."""
        self.compilers, self.env = frozenset(compilers), dict(env)
        self.template: Zygote | None = None
        #: Whether servers can be forked from it.
        self.works = False
        self._directory, self.static = directory, static
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
        program = (static_server if self.static else preload_library)(self._directory)
        with self._lock, contextlib.suppress(OSError):
            if program and not self._closed:
                self.template = Zygote(max(self.compilers, key=len), program, self.env)  # names of children fit
        loaded = self.template is not None and self.template.wait()
        with self._lock:
            self.works = loaded and not self._closed


def find_zygote(tools: Mapping[str, Path], directory: Path, env: Mapping[str, str]) -> ZygoteStart | None:
    """The SDK's compiler to preload. None if this is impossible, not worth it, or disabled (EMROOT_FORK=0). `tools`:
    the SDK's, by name. `directory` and `env`: as for `ZygoteStart`."""
    if sys.platform != 'linux' or 'LD_PRELOAD' in env or os.environ.get('EMROOT_FORK') == '0' or not can_compile(directory):
        return None
    programs = [str(tools[name]) for name in ('clang', 'clang++')]
    libraries = needed_libraries(Path(programs[0]))
    if any('LLVM' in name or 'clang' in name for name in libraries) or (libraries and _contains_llvm(programs[0])):
        same = len({os.path.realpath(program) for program in programs}) == 1
        return ZygoteStart(programs, directory, env) if same else None
    return ZygoteStart(programs, directory, env, static=True) if can_use_huge_pages() else None


def _contains_llvm(program: str) -> bool:
    try:
        return os.stat(program).st_size >= CONTAINS_LLVM
    except OSError:
        return False


def has_small_pages(process: int) -> bool:
    """Whether much memory of a process is in small pages that are no file's. False if that is unknown."""
    try:
        lines = Path(f'/proc/{process}/smaps_rollup').read_text(encoding='ascii').splitlines()
    except OSError:
        return False
    sizes = {words[0]: int(words[1]) for words in map(str.split, lines) if words[0] in ('Anonymous:', 'AnonHugePages:')}
    return sizes.get('Anonymous:', 0) - sizes.get('AnonHugePages:', 0) > _MANY_SMALL


def can_use_huge_pages() -> bool:
    """Whether Linux gives huge pages to processes that request them, memory suffices for them, and it does not have to be there
    for all that a process might use (`vm.overcommit_memory` 2)."""
    try:
        given = Path('/sys/kernel/mm/transparent_hugepage/enabled').read_text(encoding='ascii')
        strict = Path('/proc/sys/vm/overcommit_memory').read_text(encoding='ascii').strip() == '2'
    except OSError:
        return False
    return '[never]' not in given and not strict and jobs_that_fit() >= _JOBS_WORTH
