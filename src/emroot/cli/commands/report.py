"""`emroot report`."""

from __future__ import annotations

import argparse
import sys

from ...errors import UsageError
from ...host.files import user_path, write_text
from ...modes import all_modes
from ..context import CommandContext, print_json


def report(args: argparse.Namespace) -> int:
    """Write the report on the cache directory, as a page, as JSON, or both."""
    if not args.output and not args.json:
        raise UsageError('no output file for the report', hint='give -o FILE.html, or --json for its data')
    from ...reporting import collect
    session = CommandContext(args)
    new = [mode for mode in all_modes() if not session.catalogue.is_cached(mode)]
    if new and not args.quiet:
        print(f'emroot: querying the SDK for the libraries of {len(new)} modes; this is done once', file=sys.stderr)
    found = collect(session.catalogue, session.home, session.cache)
    if args.output:
        path = user_path(args.output)
        try:
            write_text(path, found.to_html())
        except OSError as error:
            raise UsageError(f'cannot write the report to {path}: {error.strerror}',
                             hint='give -o a file in a writable directory') from error
        if not args.json:
            print(path)
            if not found.last_build and not args.quiet:
                print('emroot: no recorded build of this cache directory: the report has no timeline', file=sys.stderr)
    if args.json:
        print_json(found.to_json())
    return 0
