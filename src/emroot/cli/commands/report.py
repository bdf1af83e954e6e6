"""`emroot report`."""

from __future__ import annotations

import argparse
import sys

from ..arguments import add_json, path

EXAMPLES = [('emroot report -o report.html', 'a page'),
            ('emroot report --json', 'its data')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-o', '--output', type=path, metavar='FILE', help='the page, for example report.html')
    parser.add_argument('--cache', type=path, metavar='DIR',
                        help='the cache directory to look at (default: one per SDK, in the home)')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...errors import UsageError
    from ...host.files import write_text
    from ...host.home import user_path
    from ...modes import all_modes
    from ...reporting import collect
    from ..context import CommandContext, print_json
    if not args.output and not args.json:
        raise UsageError('no output file for the report', hint='give -o FILE.html, or --json for its data')
    context = CommandContext(args)
    new = [mode for mode in all_modes() if not context.catalogue.is_cached(mode)]
    if new and not args.quiet:
        print(f'emroot: querying the SDK for the libraries of {len(new)} modes; this is done once', file=sys.stderr)
    found = collect(context.catalogue, context.home, context.cache)
    if args.output:
        page = user_path(args.output)
        try:
            write_text(page, found.to_html())
        except OSError as error:
            raise UsageError(f'cannot write the report to {page}: {error.strerror}',
                             hint='give -o a file in a writable directory') from error
        if not args.json:
            print(page)
            if not found.last_build and not args.quiet:
                print('emroot: no recorded build of this cache directory: the report has no timeline', file=sys.stderr)
    if args.json:
        print_json(found.to_json())
    return 0
