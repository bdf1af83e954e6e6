"""`emroot sdk`: show the SDK in use and its Node, or install an SDK."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path

from ...errors import SdkError
from ...sdk import find_sdk
from ...sdk.discovery import candidates, other_sdks
from ..context import CommandContext, print_json
from ..ui.display import is_live_terminal

CHOOSE = 'choose one with --sdk PATH, EMSDK=PATH, or `sdk = "VERSION"` in emroot.toml'


def show(args: argparse.Namespace) -> int:
    """Print the SDK in use."""
    session = CommandContext(args)
    sdk = session.sdk
    if args.json:
        print_json(sdk.show())
        return 0
    rows = {'Emscripten': f'{sdk.version}  (found: {sdk.how})', 'root': sdk.root, 'LLVM': f'{sdk.llvm_version}  '
            f'{sdk.llvm_root}', 'Binaryen': sdk.binaryen_root,
            'Node': f'{".".join(map(str, sdk.node_version)) or "does not run"}  {" ".join(sdk.node)}',
            'Python': sdk.python[0], 'digest': sdk.digest}
    if sdk.doubt:
        rows['warning'] = sdk.doubt
    for name, value in rows.items():
        print(f'{name:11} {value}')
    if others := other_sdks(session.home, sdk):
        print(f'others installed ({CHOOSE}):')
        for version, root in others:
            print(f'  {version:9} {root}')
    return 0


def node(args: argparse.Namespace) -> int:
    """Print the path of a Node that runs programs of every mode."""
    from ...sdk.identification import node_version
    from ...sdk.node import ensure_node
    session = CommandContext(args)
    report = _Progress(quiet=args.quiet, live=not args.no_progress and is_live_terminal())
    found = ensure_node(session.home, candidates=session.sdk.node[:1], report=report)
    report.end()
    if args.json:
        print_json({'node': str(found), 'version': '.'.join(map(str, node_version(found)))})
    else:
        print(found)
    return 0


def install_sdk(args: argparse.Namespace) -> int:
    """Install an SDK."""
    from ...sdk.installation import install, installed_at
    session = CommandContext(args)
    report = _Progress(quiet=args.quiet, live=not args.no_progress and is_live_terminal())
    root = install(session.home, source=args.source, version=args.wanted, dest=Path(args.dest) if args.dest else None,
                   report=report)
    report.end()
    try:
        sdk = find_sdk(session.home, root)
    except SdkError as error:  # its own hint may be to install one
        hint = f'delete {installed_at(root)} and run the command again, or install another --version'
        raise SdkError(error.message, hint=hint) from error
    if args.json:
        print_json(sdk.show())
    else:
        print(f'Emscripten {sdk.version} is at {sdk.root}')
    with contextlib.suppress(SdkError):  # a variable that names none is said where an SDK is needed
        used = next(candidates(session.home), None)
        if not used or used.root != sdk.root:
            found = f'the SDK in use is {used.root} ({used.how})' if used else 'emroot does not find it without help'
            print(f'emroot: note: {found}; {CHOOSE}', file=sys.stderr)
    return 0


class _Progress:
    """Shows the progress of an installation: in one line on a terminal, with a line per step elsewhere."""

    def __init__(self, *, quiet: bool, live: bool) -> None:
        self.quiet, self.live = quiet, live
        self._step, self._shown = '', 0.0

    def __call__(self, step: str, done: int, total: int | None) -> None:
        if self.quiet:
            return
        if self.live and time.monotonic() - self._shown > 0.1:
            self._shown = time.monotonic()
            part = f' {100 * done // total:3d} % of {total >> 20} MB' if total else ''
            sys.stderr.write(f'\r\033[K{step}{part}')
        elif not self.live and step != self._step:
            sys.stderr.write(f'{step}\n')
        self._step = step
        sys.stderr.flush()

    def end(self) -> None:
        """End the line on a terminal."""
        if self.live and not self.quiet:
            sys.stderr.write('\r\033[K')
