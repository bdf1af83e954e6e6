"""`emroot env`: variables with which emcc uses the cache directory."""

from __future__ import annotations

import argparse
import sys

from ..arguments import add_json, add_selection
from ..shells import SHELLS, default_shell

EXAMPLES = [('eval "$(emroot env --for "em++ -O2 -flto")"', 'bash, zsh'),
            ('emroot env --features wasm64 --shell fish | source', 'fish')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument('--shell', choices=list(SHELLS), help='syntax of the output (default: the shell of this platform)')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...cache_directory.emcc_environment import cmake_variables, emcc_environment
    from ..builds import exit_code, run_build
    from ..context import CommandContext, print_json
    from ..run.hooked_run import warn_of_parts
    context = CommandContext(args)
    result = run_build(context, needed=True)
    warn_of_parts(context)
    variables = {**emcc_environment(context.catalogue, context.cache, context.home),
                 **cmake_variables(result.modes, context.cache)}
    if args.json:
        print_json(variables)
    else:
        shell = SHELLS[args.shell or default_shell()]
        sys.stdout.write(''.join(shell.assignment(name, value) for name, value in variables.items()))
    return exit_code(result)
