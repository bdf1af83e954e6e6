"""Make unpacked ELF executables run in their directory, with the libraries and the loader of their packages.

The path of the loader must be absolute, so it is that of the final directory; everything else is relative to the
executable (`$ORIGIN`). `DT_RPATH` instead of `DT_RUNPATH`, because it also applies to dependencies of libraries,
which so need no change.
"""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...errors import SdkError
from ...hashing import digest_file
from ..steps import failure


def relocate(tree: Path, dest: Path, files: list[Path], library_dirs: list[Path], patchelf: Path) -> dict[str, str]:
    """Patch ELF `files` below `tree` to run once `tree` is renamed to `dest`. Returns sha256 after -> before."""
    def adapt(path: Path) -> tuple[str, str] | None:
        if interpreter := _ask(patchelf, '--print-interpreter', path):
            rpath = ':'.join('$ORIGIN/' + os.path.relpath(d, path.parent) for d in library_dirs)
            change = ['--force-rpath', '--set-rpath', rpath,
                      '--set-interpreter', str(dest / loader(tree, interpreter).relative_to(tree))]
        elif _ask(patchelf, '--print-rpath', path):
            change = ['--remove-rpath']  # a library that has a search path of its own does not use the executable's
        else:
            return None
        shipped = digest_file(path)
        path.chmod(path.stat().st_mode | 0o200)
        done = subprocess.run([str(patchelf), *change, str(path)], capture_output=True, check=False)
        if done.returncode != 0:
            raise failure(done.stderr, path, f'patchelf cannot adapt {path.name}: {done.stderr.decode(errors="replace").strip()}',
                          hint='try another version with --version, or `--from emsdk`')
        return digest_file(path), shipped

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return dict(pair for pair in pool.map(adapt, files) if pair)


def loader(tree: Path, interpreter: str) -> Path:
    """The dynamic loader in `tree` for the absolute path `interpreter`, links resolved inside."""
    top = os.path.realpath(tree)
    for prefix in ('', 'usr'):
        real = os.path.realpath(os.path.join(top, prefix, interpreter.lstrip('/')))
        if os.path.isfile(real) and real.startswith(top + os.sep):
            return tree / os.path.relpath(real, top)
    raise SdkError(f'the packages have no {interpreter}', hint='try another version with --version')


def is_elf(path: Path) -> bool:
    """Whether a regular file is an ELF executable or library."""
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, 'rb') as f:
        return f.read(4) == b'\x7fELF'


def missing_libraries(tree: Path, dest: Path, executable: Path, patchelf: Path) -> list[str]:
    """Libraries that the tree's own loader cannot find for a relocated executable."""
    interpreter = tree / Path(_ask(patchelf, '--print-interpreter', executable)).relative_to(dest)
    done = subprocess.run([str(interpreter), '--list', str(executable)], capture_output=True, check=False,
                          env={'LC_ALL': 'C'}, timeout=60)
    listed = done.stdout.decode(errors='replace').splitlines()
    stderr = done.stderr.decode(errors='replace').strip()
    return [line.split()[0] for line in listed if 'not found' in line] or ([] if done.returncode == 0 else [stderr])


def _ask(patchelf: Path, question: str, path: Path) -> str:
    """patchelf's answer about a file; empty if the question does not apply to it."""
    done = subprocess.run([str(patchelf), question, str(path)], capture_output=True, check=False)
    return done.stdout.decode(errors='replace').strip() if done.returncode == 0 else ''
