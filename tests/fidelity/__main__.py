"""`dev.py fidelity`: are emroot's archives byte for byte what the SDK's own embuilder makes in the SDK's own cache?

The reference is a copy of the SDK with its cache inside, where embuilder builds as its authors run it. What it made is
kept, since it does not change; emroot builds afresh, into a store of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from support.sdks import get_sdks

from dev.paths import dev_cache, dev_home
from emroot.modes import Mode, all_modes, parse_mode
from emroot.sdk import Sdk, find_sdk

from .archives import compare

#: Modes compared without --modes: both architectures, all kinds of LTO, both code models.
MODES = ('wasm32', 'wasm32-lto', 'wasm32-thinlto', 'wasm32-pic', 'wasm64', 'wasm64-lto', 'wasm64-thinlto-pic',
         'wasm64-pic')


def main(arguments: list[str]) -> int:
    """Compare, and print the count and every difference."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py fidelity', description=__doc__)
    parser.add_argument('--modes', help='identifiers, or "all" (default: some)')
    parser.add_argument('--targets', default='', help='targets, patterns, groups (default: some of every class)')
    parser.add_argument('--sdk', help='an SDK (default: those that the tests use)')
    parser.add_argument('--builder', choices=['source', 'embuilder'], default='source')
    parser.add_argument('--bazel', action='store_true', help='what Bazel makes, with the newest SDK')
    args = parser.parse_args(arguments)
    comparison: Callable[[Sdk, list[Mode], list[str]], tuple[int, list[str]]] = partial(compare, builder=args.builder)
    some = MODES
    roots = [Path(args.sdk)] if args.sdk else get_sdks()[0]
    if args.bazel:
        from . import bazel  # here and not above: it needs a real Bazel
        comparison, some, roots = bazel.compare_bazel, bazel.MODES, roots[:1]
    modes = all_modes() if args.modes == 'all' else [parse_mode(m) for m in (args.modes.split(',') if args.modes else some)]
    os.makedirs(dev_cache(), exist_ok=True)
    total, problems = 0, []
    for root in roots:
        compared, found = comparison(find_sdk(dev_home(), root), modes, [t for t in args.targets.split(',') if t])
        total += compared
        problems += found
    for problem in problems:
        print(f'DIFFERENT {problem}')
    print(f'{total} archives compared, {total - len(problems)} equal to embuilder\'s, {len(problems)} different')
    return 1 if problems or not total else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
