"""`emroot link`: one link."""

from __future__ import annotations

import argparse
import os

from ..arguments import add_run

EXAMPLES = [('emroot link -- em++ -O2 -flto -fwasm-exceptions main.cpp -o app.js', 'compile only the objects that it needs'),
            ('emroot link --lazy off -- emcc main.c -o app.js', 'build whole libraries')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)


def run(args: argparse.Namespace) -> int:
    from ...errors import UsageError
    from ...libraries.link_line import read_link
    from ..run.hooked_run import given_command, run_hooked
    line = read_link(given_command(args))
    if not line.command:
        raise UsageError('flags without a command link nothing',
                         hint='start with emcc or em++: emroot link -- em++ main.o -o app.js')
    os.environ.update(line.variables)
    return run_hooked(args, list(line.command), loud=not args.quiet)
