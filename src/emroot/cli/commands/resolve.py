"""`emroot resolve`."""

from __future__ import annotations

import argparse

from ..arguments import add_json

EXAMPLES = [('emroot resolve -- em++ -O2 -flto -fwasm-exceptions a.o -o a.js', 'a command line'),
            ('emroot resolve --lang c -- -sMAIN_MODULE=2', 'only flags')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--lang', choices=['c', 'c++'], help='language, if flags are given without a driver (default: c++)')
    parser.add_argument('--environment', action='store_true', help='use EMCC_CFLAGS, EMCC_FORCE_STDLIBS and similar variables')
    add_json(parser)
    parser.add_argument('link', nargs=argparse.REMAINDER, metavar='-- LINK...',
                        help='a whole command line, or only flags; inputs need not exist')


def run(args: argparse.Namespace) -> int:
    from ...errors import UsageError
    from ..context import CommandContext, print_json
    link = args.link[1:] if args.link[:1] == ['--'] else args.link
    if not link and not args.lang:
        raise UsageError('no link to resolve', hint='put its command line after `--`: emroot resolve -- em++ -flto a.o')
    context = CommandContext(args).find_sdk_early()
    from ...libraries.resolution import resolve
    found = resolve(context.catalogue, link, lang=args.lang, environment=args.environment)
    if args.json:
        print_json(found.to_json())
        return 0
    print(found.mode)
    for name in [*found.targets, *found.ports]:
        print(f'  {name}')
    return 0
