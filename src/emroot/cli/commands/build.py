"""`emroot build`."""

from __future__ import annotations

import argparse

from ..arguments import add_json, add_selection

EXAMPLES = [('emroot build --for "em++ -O2 -flto=thin -pthread"', 'the libraries of this link'),
            ('emroot build --features wasm64,thinlto', 'for ordinary C and C++ programs'),
            ("emroot build --features wasm64 --features wasm32,pic --targets 'libc,libc++*'", 'by name, in two modes'),
            ('emroot build', 'the selection in emroot.toml')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ..context import CommandContext, print_json
    context = CommandContext(args).find_sdk_early()
    from ..builds import exit_code, run_build
    result = run_build(context, needed=True)
    if args.json:
        print_json(result.to_json())
    elif not args.quiet:
        print(f'{result.cache}')
    return exit_code(result)
