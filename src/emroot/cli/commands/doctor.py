"""`emroot doctor`."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from typing import TYPE_CHECKING

from ..arguments import add_json, path

if TYPE_CHECKING:
    from ..context import CommandContext

EXAMPLES = [('emroot doctor', 'check the setup'),
            ('make 2>&1 | emroot doctor', 'explain errors in a log of emcc')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--message', metavar='TEXT',
                        help='the message from emcc; without TEXT or with -, a log from standard input')
    parser.add_argument('--cache', type=path, metavar='DIR', help='the cache directory to look at')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from ...diagnostics import checks
    from ...diagnostics.seams import examine_seams, states
    from ...errors import EmrootError
    from ..context import CommandContext, print_json
    from ..ui.messages import paint
    context = CommandContext(args)
    text = sys.stdin.read() if args.message == '-' or (args.message is None and _is_fed()) else args.message
    if text and text.strip():
        return _explain(context, text)
    findings, seams = [*checks.examine_home(context.home)], []
    try:
        sdk = context.sdk
    except EmrootError as error:
        findings.append(checks.Check(error.message, False, error.hint, error.exit_code))
    else:
        seams = states(sdk)
        findings += [*checks.examine_sdk(sdk), *examine_seams(sdk), *checks.examine_node(sdk, context.home)]
        if context.home.is_known or args.cache:
            findings += [*checks.examine_cache(context.cache, sdk, home=context.home), *checks.examine_lazy(context.cache),
                         *checks.examine_prebuilt(sdk, context.cache, used=context.sdk_cache),
                         *checks.examine_environment(context.cache)]
    if args.json:
        print_json({'findings': [asdict(finding) for finding in findings], 'seams': seams})
    else:
        for finding in findings:
            mark, style = ('WRONG', 'bad') if not finding.ok else ('note', 'odd') if finding.hint else ('ok', 'good')
            print(f'{paint(f"{mark:5}", style, sys.stdout)} {finding.what}')
            if finding.hint:
                print(f'      hint: {finding.hint}')
    return next((finding.exit_code or 1 for finding in findings if not finding.ok), 0)


def _explain(context: CommandContext, text: str) -> int:
    from dataclasses import asdict

    from ...diagnostics.messages import explain_message
    from ..context import print_json
    remedies = explain_message(text, context.catalogue)
    if context.args.json:
        print_json({'remedies': [asdict(remedy) for remedy in remedies]})
        return 0
    if not remedies:
        print('no message about a file that is missing in emcc\'s cache')
    for remedy in remedies:
        print(f'{remedy.missing}: {remedy.target or remedy.note or "no single library"}')
        rows = {'build it' if remedy.target else 'try': remedy.command, 'in Bazel': remedy.bazel,
                'note': remedy.note if remedy.target else ''}
        for label, text in rows.items():
            if text:
                print(f'  {label + ":":10} {text}')
    if any(remedy.target for remedy in remedies):
        print('to build everything that a link needs: emroot build --for "LINK", or `emroot run -- COMMAND`')
    return 0


def _is_fed() -> bool:
    """Whether standard input is a pipe or a file, so that it has an end."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
