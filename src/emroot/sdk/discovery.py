"""SDK discovery: explicit, EMSDK, EMSCRIPTEN_ROOT, emcc on PATH, an SDK that emroot installed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import SdkError
from ..host.home import Home, user_path
from ..host.programs import find_program
from .identity_cache import inspect, start_inspection, unreadable
from .model import Sdk

#: The number of bytes of an `emcc` wrapper that are searched for the program that it starts.
_SCRIPT = 1 << 16


class Candidate(NamedTuple):
    """A path that may contain an SDK, and its source (option, variable, PATH)."""

    root: Path
    how: str


def find_sdk(home: Home, explicit: str | os.PathLike[str] | None = None) -> Sdk:
    """The first SDK in this order; a named but broken one is an error. Raises `SdkError`."""
    return start_find_sdk(home, explicit, beside=False)()


def start_find_sdk(home: Home, explicit: str | os.PathLike[str] | None = None, *, beside: bool) -> Callable[[], Sdk]:
    """Start `find_sdk`, and return a function that ends it (see `start_inspection`). Both raise `SdkError`."""
    for candidate in candidates(home, explicit):
        return start_inspection(candidate.root, candidate.how, home, beside=beside)
    passed = [str(emcc) for emcc in _on_path('emcc')]
    raise SdkError('no Emscripten SDK found (looked at --sdk, EMSDK, EMSCRIPTEN_ROOT, emcc on PATH and those that emroot '
                   f'installed){"; no emcc.py was found behind " if passed else ""}{", ".join(passed)}',
                   hint='run `emroot sdk install`, or give an SDK with --sdk PATH')


def find_sdk_version(home: Home, version: str, who: str) -> Sdk:
    """The first SDK whose version is `version`, or starts with it and a dot. `who` is for the error message."""
    seen = []
    for candidate in candidates(home):
        sdk = inspect(candidate.root, candidate.how, home)
        if f'{sdk.version}.'.startswith(f'{version}.'):
            return sdk
        seen.append(f'{sdk.version} ({sdk.how})')
    raise SdkError(f'{who} Emscripten {version}; found {", ".join(seen) or "none"}',
                   hint=f'run `emroot sdk install --version {version}`, or give an SDK with --sdk PATH')


def candidates(home: Home, explicit: str | os.PathLike[str] | None = None) -> Iterator[Candidate]:
    if explicit:
        yield Candidate(_required(Path(explicit), f'--sdk {explicit}'), 'explicit')
    for variable in ('EMSDK', 'EMSCRIPTEN_ROOT'):
        if value := os.environ.get(variable):
            yield Candidate(_required(Path(value), f'{variable}={value}'), variable)
    for emcc in _on_path('emcc'):
        if root := _behind(emcc):
            yield Candidate(root, 'PATH')
            break
    for installed in installed_sdks(home):
        yield Candidate(installed, 'installed')


def installed_sdks(home: Home) -> list[Path]:
    """Roots of the SDKs that emroot installed, the newest installation first."""
    try:
        directories = sorted((p for p in home.sdks.iterdir() if not p.name.startswith('.')),
                             key=lambda p: p.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [root for directory in directories if (root := emscripten_root(directory))]


def other_sdks(home: Home, sdk: Sdk) -> list[tuple[str, Path]]:
    """(version, root) of the SDKs that emroot installed, except `sdk`, the newest first; unexamined."""
    from .identification import version_of  # lazy import: only `sdk show` needs it
    return [(version_of(root), root) for root in installed_sdks(home) if root != sdk.root]


def is_on_path(root: Path) -> bool:
    """Whether emcc on PATH belongs to the SDK at `root`, or is a script that starts it."""
    for emcc in _on_path('emcc'):
        if found := _behind(emcc):
            return found == _real(root)
        with contextlib.suppress(OSError), open(emcc, 'rb') as f:
            if os.fsencode(root) in f.read(_SCRIPT):
                return True
    return False


def _on_path(name: str) -> Iterator[Path]:
    """Every executable with this name on PATH, in order. The first `emcc` may be a script that starts the next
    one, for example of a compiler cache (`/usr/lib/ccache/emcc`)."""
    for directory in dict.fromkeys(os.environ.get('PATH', '').split(os.pathsep)):
        if found := find_program(name, directory):
            yield Path(found)


def emscripten_root(path: Path) -> Path | None:
    """The real directory of `emcc.py`, given an Emscripten root, an emsdk, a prefix or an `emcc` executable."""
    path = user_path(path)
    if path.is_file():
        return _behind(path)
    for below in ('', 'upstream/emscripten', 'emscripten', 'install/emscripten', 'share/emscripten',
                  'usr/share/emscripten', 'lib/emscripten', 'usr/lib/emscripten', 'libexec'):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.stat(path / below / 'emcc.py')  # from Python 3.14 on `is_file` hides what cannot be read
            return _real(path / below)
    return None


def _real(path: Path) -> Path:
    """The path without links, but with mapped drives of Windows, from whose servers no program runs."""
    real = path.resolve()
    return real if real.drive == path.drive else path


def _required(path: Path, given: str) -> Path:
    path = user_path(path)
    try:
        os.scandir(path if path.is_dir() else path.parent).close()
        root = emscripten_root(path)
    except PermissionError as error:
        raise unreadable(f'the SDK {given}', os.fsdecode(error.filename or path)) from error
    except OSError:
        root = None
    if root is None:
        raise SdkError(f'{given} is not an Emscripten SDK (no emcc.py in it or in upstream/emscripten below it)',
                       hint='give the directory of emcc.py or of an emsdk, or run `emroot sdk install`')
    return root


def _behind(emcc: Path) -> Path | None:
    """The root of an `emcc` on PATH: through links, otherwise from the `em-config` next to it."""
    real = _real(emcc)
    if (real.parent / 'emcc.py').is_file():
        return real.parent
    import subprocess
    if config := find_program('em-config', str(emcc.parent)):
        try:
            done = subprocess.run([config, 'EMSCRIPTEN_ROOT'], capture_output=True, check=False, timeout=60,
                                  stdin=subprocess.DEVNULL, env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
        except (OSError, subprocess.TimeoutExpired):
            return None
        root = Path(os.fsdecode(done.stdout.strip()) or os.devnull)
        if (root / 'emcc.py').is_file():
            return _real(root)
    return None
