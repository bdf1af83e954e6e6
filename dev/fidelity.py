"""`dev.py fidelity`: are emroot's archives byte for byte what the SDK's own embuilder makes in the SDK's own cache?

The reference is a copy of the SDK with its cache inside, where embuilder builds as its authors run it. What it made is
kept, since it does not change; emroot builds afresh, into a store of its own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from emroot.engine.build import Build
from emroot.engine.request import Options, Request
from emroot.hashing import digest_file, digest_record
from emroot.host.home import Home, find_home
from emroot.libraries.catalogue import Catalogue, Listing
from emroot.modes import Mode, all_modes, parse_mode
from emroot.probe import pure_environment
from emroot.sdk import Sdk, find_sdk
from emroot.store import Store

from .paths import dev_cache, dev_home, get_sdks, say

#: Modes compared without --modes: both architectures, all kinds of LTO, both code models.
MODES = ('wasm32', 'wasm32-lto', 'wasm32-thinlto', 'wasm32-pic', 'wasm64', 'wasm64-lto', 'wasm64-thinlto-pic',
         'wasm64-pic')


class ReferenceSdk:
    """A copy of an SDK, to run its embuilder in."""

    def __init__(self, sdk: Sdk) -> None:
        self.sdk = sdk
        directory = digest_record([sdk.digest, str(sdk.llvm_root)])[:16]
        self.root = dev_cache() / 'reference' / directory / 'emscripten'
        if not (self.root / '.emscripten').is_file():
            shutil.copytree(sdk.root, self.root, symlinks=True, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns('cache', 'test', 'docs', '__pycache__', '.emscripten'))
            (self.root / '.emscripten').write_text(f'{sdk.config_text}CACHE = {str(self.root / "cache")!r}\n',
                                                   encoding='utf-8')

    def as_sdk(self, home: Home) -> Sdk:
        """The copy as an SDK: what tells of the SDK's location tells of the copy's, in what embuilder makes there."""
        return find_sdk(home, self.root)

    def build(self, mode: Mode, targets: list[str], listing: Listing) -> dict[str, str]:
        """Digests of what embuilder makes, by target; a target that it cannot build is left out."""
        wanted = [t for t in targets if not self.path(listing, t).is_file()]
        for part in [wanted] if wanted else []:
            if self._embuilder(mode, part) != 0:  # it stops at the first that fails: go on one by one
                for target in part:
                    if not self.path(listing, target).is_file():
                        self._embuilder(mode, [target])
        return {t: digest_file(self.path(listing, t)) for t in targets if self.path(listing, t).is_file()}

    def path(self, listing: Listing, target: str) -> Path:
        """Where embuilder puts a target."""
        return self.root / 'cache' / listing.libraries[target].path

    def _embuilder(self, mode: Mode, targets: list[str]) -> int:
        command = [*self.sdk.python, str(self.root / 'embuilder.py'), *mode.embuilder_flags, 'build', *targets]
        env = pure_environment({'EM_CONFIG': str(self.root / '.emscripten')})
        return subprocess.run(command, env=env, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def every_class(listing: Listing, each: int = 2) -> list[str]:
    """Targets that cover every library class: the plainest variant of each and, of small ones, the most special too."""
    families: dict[str, list[str]] = {}
    for name, library in listing.libraries.items():
        families.setdefault(library.family, []).append(name)
    chosen = []
    for names in families.values():
        large = listing.libraries[names[0]].objects > 500
        chosen += [names[0]] if large else [names[0], *names[1:][::-1][:each - 1]]
    return chosen


def first_difference(sdk: Sdk, mine: Path, reference: Path) -> str:
    """The first member in which two archives differ."""
    archiver = str(sdk.tools['llvm-ar'])
    lists = [subprocess.run([archiver, 't', str(p)], capture_output=True, text=True, check=False).stdout.split()
             for p in (mine, reference)]
    if lists[0] != lists[1]:
        return f'members differ: {sorted(set(lists[0]) ^ set(lists[1]))[:5] or "order"}'
    for member in lists[0]:
        contents = [subprocess.run([archiver, 'p', str(p), member], capture_output=True, check=False).stdout
                    for p in (mine, reference)]
        if contents[0] != contents[1]:
            at = next((i for i, (a, b) in enumerate(zip(*contents, strict=False)) if a != b), min(map(len, contents)))
            return f'{member} differs at byte {at} ({len(contents[0])} and {len(contents[1])} bytes)'
    return 'the members are equal, the index is not'


def compare(sdk: Sdk, modes: list[Mode], patterns: list[str], builder: str = 'source') -> tuple[int, list[str]]:
    """How many archives were compared, and what differed."""
    reference = ReferenceSdk(sdk)
    sdk = reference.as_sdk(dev_home())
    catalogue = Catalogue(sdk, dev_home())
    compared, problems = 0, []
    with tempfile.TemporaryDirectory(prefix='emroot-fidelity-', dir=dev_cache()) as directory:
        home = find_home(directory)
        for mode in modes:
            listing = catalogue.listing(mode)
            targets = listing.expand(patterns) if patterns else every_class(listing)
            targets = [t for t in targets if t in listing.libraries]
            cache = Path(directory, 'anywhere', 'else')
            result = Build(catalogue, home, Store(home.store), cache, Options(builder=builder)).run(
                [Request(mode=mode, targets=tuple(targets))])
            expected = reference.build(mode, targets, listing)
            failed = {f.target for _, f in result.failures}
            for target in targets:
                name, mine = f'{mode}/{target}', cache / listing.libraries[target].path
                if target not in expected:
                    if target not in failed:
                        problems.append(f'{name}: embuilder cannot build it, emroot did')
                    continue
                compared += 1
                if not mine.is_file():
                    problems.append(f'{name}: emroot did not build it')
                elif digest_file(mine) != expected[target]:
                    problems.append(f'{name}: {first_difference(sdk, mine, reference.path(listing, target))}')
            say(f'{sdk.version} {mode}: {len(targets)} targets, {len(targets) - len(expected)} that embuilder cannot '
                f'build, {len(problems)} differences so far')
    return compared, problems


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
        from . import bazel_fidelity  # which imports this module
        comparison, some, roots = bazel_fidelity.compare_bazel, bazel_fidelity.MODES, roots[:1]
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
