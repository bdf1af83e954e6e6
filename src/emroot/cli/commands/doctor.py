"""`emroot doctor`."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from dataclasses import asdict

from ...diagnostics.checks import (
    Check,
    examine_cache,
    examine_environment,
    examine_home,
    examine_lazy,
    examine_node,
    examine_prebuilt,
    examine_sdk,
)
from ...diagnostics.messages import explain_message
from ...errors import EmrootError
from ..context import CommandContext, print_json
from ..ui.color import paint


def doctor(args: argparse.Namespace) -> int:
    """Check the setup; or, given a message of emcc, explain it."""
    session = CommandContext(args)
    text = sys.stdin.read() if args.message == '-' or (args.message is None and _is_fed()) else args.message
    if text and text.strip():
        return _explain(session, text)
    findings = [*examine_home(session.home)]
    try:
        sdk = session.sdk
    except EmrootError as error:
        findings.append(Check(error.message, False, error.hint, error.exit_code))
    else:
        findings += [*examine_sdk(sdk), *examine_node(sdk, session.home)]
        if session.home.is_known or args.cache:
            findings += [*examine_cache(session.cache, sdk, home=session.home), *examine_lazy(session.cache),
                         *examine_prebuilt(sdk, session.cache, used=session.sdk_cache), *examine_environment(session.cache)]
    if args.json:
        print_json({'findings': [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            mark, style = ('WRONG', 'bad') if not finding.ok else ('note', 'odd') if finding.hint else ('ok', 'good')
            print(f'{paint(f"{mark:5}", style, sys.stdout)} {finding.what}')
            if finding.hint:
                print(f'      hint: {finding.hint}')
    return next((finding.exit_code or 1 for finding in findings if not finding.ok), 0)


def _explain(session: CommandContext, text: str) -> int:
    remedies = explain_message(text, session.catalogue)
    if session.args.json:
        print_json({'remedies': [asdict(remedy) for remedy in remedies]})
    elif not remedies:
        print('no message about a file that is missing in emcc\'s cache')
    for remedy in [] if session.args.json else remedies:
        print(f'{remedy.missing}: {remedy.target or remedy.note or "no single library"}')
        rows = {'build it' if remedy.target else 'try': remedy.command, 'in Bazel': remedy.bazel,
                'note': remedy.note if remedy.target else ''}
        for label, text in rows.items():
            if text:
                print(f'  {label + ":":10} {text}')
    if not session.args.json and any(r.target for r in remedies):
        print('to build everything that a link needs: emroot build --for "LINK", or `emroot run -- COMMAND`')
    return 0


def _is_fed() -> bool:
    """Whether standard input is a pipe or a file, so that it has an end."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
