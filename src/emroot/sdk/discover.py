"""Finding an SDK, in this order: explicit, EMSDK, EMSCRIPTEN_ROOT, emcc on PATH, one that emroot installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import SdkError
from ..home import Home
from .inspect import inspect
from .model import Sdk


@dataclass(frozen=True)
class Candidate:
    """A place where an SDK may be, and what named it."""

    root: Path
    how: str


def find_sdk(home: Home, explicit: str | os.PathLike[str] | None = None) -> Sdk:
    """The first SDK in the contract's order. One that is named but broken is an error, never silently passed over.

    Raises `SdkError` saying where was looked.
    """
    for candidate in candidates(home, explicit):
        return inspect(candidate.root, candidate.how, home)
    raise SdkError('no Emscripten SDK found (looked at --sdk, EMSDK, EMSCRIPTEN_ROOT, emcc on PATH and those emroot '
                   'installed)', hint='run `emroot sdk install`, or give one with --sdk PATH')


def find_sdk_version(home: Home, version: str, who: str) -> Sdk:
    """The first SDK whose version is `version` or starts with it and a dot. `who` asks, for the error."""
    seen = []
    for candidate in candidates(home):
        sdk = inspect(candidate.root, candidate.how, home)
        if f'{sdk.version}.'.startswith(f'{version}.'):
            return sdk
        seen.append(f'{sdk.version} ({sdk.how})')
    raise SdkError(f'{who} Emscripten {version}; found {", ".join(seen) or "none"}',
                   hint=f'run `emroot sdk install --version {version}`, or give one with --sdk PATH')


def candidates(home: Home, explicit: str | os.PathLike[str] | None = None) -> Iterator[Candidate]:
    """Every place that names an SDK, in order."""
    if explicit:
        yield Candidate(_required(Path(explicit), f'--sdk {explicit}'), 'explicit')
    for variable in ('EMSDK', 'EMSCRIPTEN_ROOT'):
        if value := os.environ.get(variable):
            yield Candidate(_required(Path(value), f'{variable}={value}'), variable)
    from shutil import which  # here and not above: an SDK that is named needs no search
    on_path = which('emcc')
    if on_path and (root := _behind(Path(on_path))):
        yield Candidate(root, 'PATH')
    for installed in installed_sdks(home):
        yield Candidate(installed, 'installed')


def installed_sdks(home: Home) -> list[Path]:
    """Roots of the SDKs that `emroot sdk install` got, the last installed first."""
    try:
        places = sorted((p for p in home.sdks.iterdir() if not p.name.startswith('.')),
                        key=lambda p: p.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [root for place in places if (root := emscripten_root(place))]


def emscripten_root(path: Path) -> Path | None:
    """The directory of `emcc.py` in an Emscripten root, an emsdk, a prefix, or beside an `emcc` executable."""
    path = path.expanduser().absolute()
    if path.is_file():
        return _behind(path)
    for below in ('', 'upstream/emscripten', 'emscripten', 'install/emscripten', 'share/emscripten',
                  'usr/share/emscripten', 'lib/emscripten', 'usr/lib/emscripten', 'libexec'):
        if (path / below / 'emcc.py').is_file():
            return path / below if below else path
    return None


def _required(path: Path, given: str) -> Path:
    root = emscripten_root(path)
    if root is None:
        raise SdkError(f'{given}: there is no Emscripten SDK (no emcc.py in it, nor in upstream/emscripten below it)',
                       hint='give the directory of emcc.py or of an emsdk, or run `emroot sdk install`')
    return root


def _behind(emcc: Path) -> Path | None:
    """The root behind an `emcc` on PATH: through links, else by asking the `em-config` beside it."""
    real = emcc.resolve()
    if (real.parent / 'emcc.py').is_file():
        return real.parent
    import shutil
    import subprocess
    if config := shutil.which('em-config', path=str(emcc.parent)):
        done = subprocess.run([config, 'EMSCRIPTEN_ROOT'], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
        root = Path(done.stdout.strip() or os.devnull)
        if (root / 'emcc.py').is_file():
            return root
    return None
