"""`emroot resolve`."""

from __future__ import annotations

import argparse

from ...errors import UsageError
from ...libraries.resolution import resolve as resolve_link
from ..context import CommandContext, print_json


def resolve(args: argparse.Namespace) -> int:
    """Print what a link needs."""
    link = args.link[1:] if args.link[:1] == ['--'] else args.link
    if not link and not args.lang:
        raise UsageError('no link to resolve', hint='put its command line after `--`: emroot resolve -- em++ -flto a.o')
    found = resolve_link(CommandContext(args).catalogue, link, lang=args.lang, environment=args.environment)
    if args.json:
        print_json(found.to_json())
        return 0
    print(found.mode)
    for name in [*found.targets, *found.ports]:
        print(f'  {name}')
    return 0
