"""`emroot run`: a command whose links get the libraries that they need."""

from __future__ import annotations

import argparse

from ..arguments import add_run

EXAMPLES = [('emroot run -- cmake --build build', 'links build missing libraries'),
            ('emroot run --for "em++ -O2 -flto" -- make -j4', 'build these libraries first')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)


def run(args: argparse.Namespace) -> int:
    from ..run.hooked_run import given_command, run_hooked
    return run_hooked(args, given_command(args))
