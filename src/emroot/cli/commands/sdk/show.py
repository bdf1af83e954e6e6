"""`emroot sdk show`."""

from __future__ import annotations

import argparse

from ...arguments import add_json

EXAMPLES = [('emroot sdk show --json', 'for scripts'),
            ('emroot --sdk /opt/emsdk sdk show', 'another SDK')]
#: What to do about several SDKs.
CHOOSE = 'choose one with --sdk PATH, EMSDK=PATH, or `sdk = "VERSION"` in emroot.toml'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ....sdk.discovery import other_sdks
    from ...context import CommandContext, print_json
    context = CommandContext(args)
    sdk = context.sdk
    if args.json:
        print_json(sdk.show())
        return 0
    rows = {'Emscripten': f'{sdk.version}  (found: {sdk.how})', 'root': sdk.root, 'LLVM': f'{sdk.llvm_version}  '
            f'{sdk.llvm_root}', 'Binaryen': sdk.binaryen_root,
            'Node': f'{".".join(map(str, sdk.node_version)) or "does not run"}  {" ".join(sdk.node)}',
            'Python': sdk.python[0], 'digest': sdk.digest}
    if sdk.doubt:
        rows['warning'] = sdk.doubt
    for name, value in rows.items():
        print(f'{name:11} {value}')
    if others := other_sdks(context.home, sdk):
        print(f'others installed ({CHOOSE}):')
        for version, root in others:
            print(f'  {version:9} {root}')
    return 0
