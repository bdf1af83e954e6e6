"""`emroot explain`: keys, and all that went into them, as text made for `diff`."""

from __future__ import annotations

import argparse
from typing import Any

from ..canonical import digest_record
from ..errors import UnknownNameError, UsageError
from ..modes import parse_mode
from ..plan import archive_record, compile_record, make_plan
from .session import Session, print_json


def explain(args: argparse.Namespace) -> int:
    """The key of a target, or of one object of it."""
    mode_name, slash, target = args.target.partition('/')
    if not slash:
        raise UsageError(f'{args.target!r} is no MODE/TARGET', mend='for example `emroot explain wasm64-lto/libc`')
    session = Session(args)
    mode = parse_mode(mode_name)
    names = session.catalogue.listing(mode).expand([target])
    if names != [target]:
        raise UsageError(f'{target!r} stands for {len(names)} targets', mend='name one of them')
    recipe = session.catalogue.recipes(mode, [target])[target]
    archive = make_plan(session.sdk, [recipe]).archives[0]
    if args.object:
        members = {member.name: member for member in recipe.members}
        if args.object not in members:
            raise UnknownNameError('object', args.object, members, mend=f'`emroot explain {args.target}` lists them')
        member = members[args.object]
        record = compile_record(session.sdk, member.argv, member.source)
    else:
        record = archive_record(session.sdk, recipe.how, list(archive.members))
    document = {'key': digest_record(record), **record}
    if args.json:
        print_json(document)
    else:
        print('\n'.join(_lines('', document)))
    return 0


def _lines(prefix: str, value: Any) -> list[str]:
    """One `path = value` line for each leaf, so that two explanations differ in the lines that differ."""
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in _lines(f'{prefix}.{key}' if prefix else key, item)]
    if isinstance(value, list | tuple):
        if len(value) == 2 and all(isinstance(v, str) for v in value):
            return [f'{prefix} {value[0]} = {value[1]}']
        return [line for item in value for line in _lines(f'{prefix}', item)]
    return [f'{prefix} = {value}']
