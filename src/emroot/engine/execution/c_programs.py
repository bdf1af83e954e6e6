"""Programs in C, for fork servers and for bitcode: compiled once by this machine's C compiler and kept."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from ...hashing import digest_bytes
from ...host.files import atomic_write
from ...host.programs import find_program

_HERE = Path(__file__).parent
_HEADERS = tuple(_HERE / name for name in ('forkserver.h', 'child_memory.h'))
#: The template is copied into another process: no calls of functions that the compiler invents, no tables, no checks. And it
#: leaves vector registers as they are.
_FREESTANDING = ('-ffreestanding', '-fno-builtin', '-fno-stack-protector', '-fcf-protection=none', '-fno-jump-tables',
                 '-fno-tree-vectorize', '-fno-tree-slp-vectorize', '-mgeneral-regs-only', '-fPIE')

#: The response file with which a compiler is loaded: the path of a file that exists, and that no compiler opens otherwise.
RESPONSE_FILE = '/proc/self/cmdline'


def preload_library(directory: Path) -> Path | None:
    """The library for dynamically linked compilers. `directory`: where it is kept, made if missing. None if that fails."""
    return _compiled(directory, 'forkserver.c', '.so', ('-shared', '-fPIC'), ('-ldl',))


def static_server(directory: Path) -> Path | None:
    """The program for statically linked compilers, like `preload_library`. None on other machines than Linux, x86-64, too."""
    if sys.platform != 'linux' or platform.machine() != 'x86_64':
        return None
    return _compiled(directory, 'static_forkserver.c', '', _FREESTANDING, ())


def bitcode_library(directory: Path) -> Path | None:
    """The library that changes bitcode (see `shared_front_end.py`), like `preload_library`."""
    return _compiled(directory, 'bitcode.c', '.so', ('-shared', '-fPIC'), ())


def can_compile(directory: Path) -> bool:
    """Whether programs were compiled in this directory, or there is a C compiler."""
    return directory.is_dir() or find_program('cc') is not None


def _compiled(directory: Path, source: str, suffix: str, flags: tuple[str, ...], libraries: tuple[str, ...]) -> Path | None:
    flags = (*flags, f'-DRESPONSE_FILE="{RESPONSE_FILE}"')
    content = b''.join(path.read_bytes() for path in (_HERE / source, *_HEADERS)) + f'{flags} {platform.machine()}'.encode()
    program = directory / f'{digest_bytes(content)[:16]}{suffix}'
    if program.is_file():
        return program
    cc = find_program('cc')
    if cc is None:
        return None
    path = os.environ.get('PATH') or os.defpath  # actions of Bazel have none, and gcc looks there for its parts
    with contextlib.suppress(OSError, subprocess.CalledProcessError), atomic_write(program) as out:
        subprocess.run([cc, '-O1', *flags, '-o', str(out), str(_HERE / source), *libraries], check=True, capture_output=True,
                       env={**os.environ, 'PATH': path})
    return program if program.is_file() else None
