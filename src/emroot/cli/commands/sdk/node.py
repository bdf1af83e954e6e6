"""`emroot sdk node`."""

from __future__ import annotations

import argparse

from ...arguments import add_json

EXAMPLES = [('emroot sdk node', 'for `"$(emroot sdk node)" main.js`: wasm64 needs Node 24, the one on PATH may be older')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ....sdk.identification import node_version
    from ....sdk.wheels.node import ensure_node
    from ...context import CommandContext, print_json
    from ...ui.display import DownloadProgress
    context = CommandContext(args)
    with DownloadProgress(quiet=args.quiet, live=not args.no_progress) as report:
        found = ensure_node(context.home, candidates=context.sdk.node[:1], report=report)
    if args.json:
        print_json({'node': str(found), 'version': '.'.join(map(str, node_version(found)))})
    else:
        print(found)
    return 0
