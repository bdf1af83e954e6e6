"""`emroot explain`: keys and their inputs, as text for `diff`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ..arguments import add_json

if TYPE_CHECKING:
    from ...engine.explanation import Explained
    from ...hashing import Record
    from ..context import CommandContext

EXAMPLES = [('emroot explain wasm64-lto/libc-debug', 'text for diff'),
            ('emroot explain wasm64-lto/libc --object strlen.o', 'one object'),
            ('emroot explain wasm64/libc --against wasm64-lto', 'only the differences')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('target', metavar='MODE/TARGET', help='for example wasm64-lto/libc-debug')
    parser.add_argument('--against', metavar='OTHER', help='another mode, MODE/TARGET or SDK: print only the differences')
    parser.add_argument('--object', metavar='NAME', help='one object of the target, for example strlen.o')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...engine.explanation import explain_named
    from ..context import CommandContext, print_json
    context = CommandContext(args)
    mine = explain_named(context.catalogue, context.store, args.target, args.object)
    if args.against:
        return _compare(context, mine, args)
    if args.json:
        print_json({'key': mine.key, **mine.record, 'inputs': dict(mine.inputs), 'state': mine.state})
    else:
        print('\n'.join(_text(mine)))
        if not args.quiet:
            print(f'emroot: {mine.state}', file=sys.stderr)  # the text itself is for diff
    return 0


def _compare(context: CommandContext, mine: Explained, args: argparse.Namespace) -> int:
    import difflib

    from ...engine.explanation import explain_named
    from ...errors import EmrootError
    from ...libraries.catalogue import Catalogue
    from ...modes import names_mode, parse_mode
    from ...sdk import find_sdk
    from ..context import print_json
    against, catalogue, name = args.against, context.catalogue, args.target
    if '/' in against and names_mode(against.partition('/')[0]):
        name = against
    else:
        try:
            name = f'{parse_mode(against)}/{name.partition("/")[2]}'
        except EmrootError:
            catalogue = Catalogue(find_sdk(context.home, against), context.home)
    other = explain_named(catalogue, context.store, name, args.object)
    lines = list(difflib.unified_diff(_text(other), _text(mine), str(args.against), args.target, lineterm='', n=0))
    differing = sorted({name for name in {*mine.record, *other.record} if mine.record.get(name) != other.record.get(name)})
    changed = [name for name, digest in mine.inputs if dict(other.inputs).get(name) != digest]
    if mine.key == other.key:
        sentence = 'equal: the same key, so the same bytes, built once'
    elif changed and not set(differing) - {'sources', 'version'}:
        sentence = f'only the files that it reads differ: {", ".join(changed[:5])}'
    else:
        sentence = f'they differ in {", ".join(differing)}{_members(mine.record, other.record)}'
    if args.json:
        print_json({'equal': mine.key == other.key, 'differs': differing, 'inputs': changed, 'diff': lines})
    else:
        print('\n'.join([*lines, f'# {sentence}']))
    return 0


def _members(mine: Record, other: Record) -> str:
    """The number of an archive's objects that differ."""
    theirs = {tuple(member) for member in other.get('members', ())}
    different = [member for member in mine.get('members', ()) if tuple(member) not in theirs]
    return f': {len(different)} of {len(mine["members"])} objects' if different else ''


def _text(explained: Explained) -> list[str]:
    from ...hashing import digest_record
    lines = [f'key = {explained.key}', *_lines('', explained.record)]
    if explained.key != digest_record(explained.record):
        raise AssertionError('the key is not that of the record shown')
    return [*lines, *(f'input {name} = {digest}' for name, digest in explained.inputs)]


def _lines(prefix: str, value: Any) -> list[str]:
    """One `path = value` line for each leaf, for `diff`."""
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in _lines(f'{prefix}.{key}' if prefix else key, item)]
    if isinstance(value, list | tuple):
        if prefix == 'members' and len(value) == 2 and isinstance(value[0], str):
            return [f'{prefix} {value[0]} = {value[1]}']
        return [line for item in value for line in _lines(f'{prefix}', item)]
    return [f'{prefix} = {value}']
