"""`emroot trust`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..arguments import add_json

EXAMPLES = [('emroot trust', 'this project'),
            ('emroot trust --revoke ~/src/app', 'no longer trust that one')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('directory', nargs='?', metavar='DIR',
                        help='the directory of the emroot.toml (default: the nearest one, here or above)')
    parser.add_argument('--revoke', action='store_true', help='withdraw trust')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...errors import UsageError
    from ...project import trust
    from ...project.names import NAME, find_project
    from ...project.project_file import load_project
    from ..context import CommandContext, print_json
    home, path = CommandContext(args).home, find_project(Path(args.directory) if args.directory else None)
    if path is None:
        raise UsageError(f'there is no {NAME} in {args.directory or "this directory"} or above it',
                         hint='give the directory of one')
    if args.directory and path.parent != Path(args.directory).absolute():
        raise UsageError(f'there is no {NAME} in {args.directory}', hint=f'the nearest is {path}')
    names = trust.untrusted_keys(load_project(path))
    was = trust.revoke(home, path.parent) if args.revoke else trust.trust(home, path.parent)
    if args.json:
        print_json({'project': str(path), 'trusted': trust.is_trusted(home, path.parent), 'was_trusted': was, 'names': names})
        return 0
    print(f'{path.parent}: {"no longer trusted" if args.revoke else "trusted"}')
    for key, value in names.items():
        print(f'  {key}: {value}')
    return 0
