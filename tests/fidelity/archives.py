"""Archives of the source builder, compared with embuilder's."""

from __future__ import annotations

import tempfile
from pathlib import Path

from support.reference_sdk import ReferenceSdk, every_class, first_difference

from dev.paths import dev_cache, dev_home, say
from emroot.engine.build import Build
from emroot.engine.request import Options, Request
from emroot.hashing import digest_file
from emroot.host.home import find_home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode
from emroot.sdk import Sdk
from emroot.store import Store


def compare(sdk: Sdk, modes: list[Mode], patterns: list[str], builder: str = 'source') -> tuple[int, list[str]]:
    """How many archives were compared, and what differed."""
    reference = ReferenceSdk(sdk)
    sdk = reference.as_sdk(dev_home())
    catalogue = Catalogue(sdk, dev_home())
    compared, problems = 0, []
    chosen = {mode: _targets(catalogue, mode, patterns) for mode in modes}
    with tempfile.TemporaryDirectory(prefix='emroot-fidelity-', dir=dev_cache()) as directory:
        home, cache = find_home(directory), Path(directory, 'anywhere', 'else')
        # All in one build: modes that differ in LTO share what they can.
        result = Build(catalogue, home, Store(home.store), cache, Options(builder=builder)).run(
            [Request(mode=mode, targets=tuple(targets)) for mode, targets in chosen.items()])
        for mode, targets in chosen.items():
            listing = catalogue.listing(mode)
            expected = reference.build(mode, targets, listing)
            failed = {failure.target for failed_mode, failure in result.failures if failed_mode == mode}
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


def _targets(catalogue: Catalogue, mode: Mode, patterns: list[str]) -> list[str]:
    listing = catalogue.listing(mode)
    targets = listing.expand(patterns) if patterns else every_class(listing)
    return [target for target in targets if target in listing.libraries]
