"""`emroot cache-key`."""

from __future__ import annotations

import argparse

from ..arguments import add_json, add_selection

EXAMPLES = [('emroot cache-key --for "em++ -O2 -flto"', 'the same on every machine')]
#: Hexadecimal digits of a CI key: enough that the selections of a project never collide.
_KEY_DIGITS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ... import schemas
    from ...hashing import digest_record
    from ..context import CommandContext, print_json
    context = CommandContext(args)
    modes = {mode.name: sorted(targets) for mode, targets in sorted(context.selected().items())}
    digest = digest_record({'sdk': context.sdk.digest, 'modes': modes, 'schema': schemas.KEYS, 'store': schemas.STORE})
    key = f'emroot-{context.sdk.version}-{digest[:_KEY_DIGITS]}'
    if args.json:
        print_json({'key': key, 'sdk': {'version': context.sdk.version, 'digest': context.sdk.digest}, 'modes': modes})
    else:
        print(key)
    return 0
