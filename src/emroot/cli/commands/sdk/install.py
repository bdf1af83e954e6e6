"""`emroot sdk install`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from ...arguments import add_json
from .show import CHOOSE

EXAMPLES = [('emroot sdk install', 'the newest version'),
            ('emroot sdk install --from emsdk --version 6.0.5', 'a certain version')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--from', dest='source', choices=['auto', 'emsdk', 'debian'], default='auto',
                        help='official release archive or Debian packages (default: the first that can be reached)')
    parser.add_argument('--version', dest='release', metavar='V', help='for example 6.0.5 (default: the newest)')
    parser.add_argument('--dest', metavar='DIR', help='where to install it (default: in the home, where emroot finds it)')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ....errors import SdkError
    from ....sdk import find_sdk
    from ....sdk.discovery import candidates
    from ....sdk.installation import install, installed_at
    from ...context import CommandContext, print_json
    from ...ui.display import DownloadProgress
    context = CommandContext(args)
    dest = Path(args.dest) if args.dest else None
    with DownloadProgress(quiet=args.quiet, live=not args.no_progress) as report:
        root = install(context.home, source=args.source, version=args.release, dest=dest, report=report)
    try:
        sdk = find_sdk(context.home, root)
    except SdkError as error:  # its own hint may be to install one
        hint = f'delete {installed_at(root)} and run the command again, or install another --version'
        raise SdkError(error.message, hint=hint) from error
    if args.json:
        print_json(sdk.show())
    else:
        print(f'Emscripten {sdk.version} is at {sdk.root}')
    with contextlib.suppress(SdkError):  # a variable that names none is said where an SDK is needed
        used = next(candidates(context.home), None)
        if not used or used.root != sdk.root:
            found = f'the SDK in use is {used.root} ({used.how})' if used else 'emroot does not find it without help'
            print(f'emroot: note: {found}; {CHOOSE}', file=sys.stderr)
    return 0
