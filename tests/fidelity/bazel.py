"""`dev.py fidelity --bazel`: are the libraries that Bazel makes (`builder = "source"`) byte for byte embuilder's?

Every class of libraries is compared, each in one of the modes. All are made library by library; those of few objects are made
object by object as well.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from support.bazel import ensure_tree
from support.bazel.libraries import OBJECTS, Libraries
from support.reference_sdk import ReferenceSdk, every_class, first_difference

from dev.paths import dev_cache, dev_home, say
from emroot.hashing import digest_file
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode
from emroot.sdk import Sdk

#: Modes that are compared without --modes.
MODES = ('wasm32-lto', 'wasm32-pic', 'wasm32-thinlto', 'wasm64', 'wasm64-lto', 'wasm64-thinlto-pic')
#: Libraries of at most so many objects are made object by object, too.
FEW = 60


def compare_bazel(sdk: Sdk, modes: list[Mode], patterns: list[str]) -> tuple[int, list[str]]:
    """How many archives were compared, and what differed."""
    reference = ReferenceSdk(sdk)
    sdk = reference.as_sdk(dev_home())
    catalogue = Catalogue(sdk, dev_home())
    listings = {mode: catalogue.listing(mode) for mode in modes}
    chosen = {mode: [t for t in listing.expand(patterns) if t in listing.libraries] if patterns
              else every_class(listing)[number::len(modes)] for number, (mode, listing) in enumerate(listings.items())}
    # Before Bazel starts: what cannot be made is not to be expected of it.
    expected = {mode: reference.build(mode, targets, listings[mode]) for mode, targets in chosen.items()}
    chosen = {mode: [t for t in targets if t in expected[mode]] for mode, targets in chosen.items()}
    few = [(mode, t) for mode, targets in chosen.items() for t in targets if listings[mode].libraries[t].objects <= FEW]
    compared, problems = 0, []
    with tempfile.TemporaryDirectory(prefix='emroot-fidelity-', dir=dev_cache()) as directory, \
            contextlib.closing(Libraries(ensure_tree(say), sdk, chosen, Path(directory))) as libraries:
        whole = [(mode, t) for mode, targets in chosen.items() for t in targets]
        for how, flags, pairs in (('library by library', [], whole), ('object by object', [OBJECTS], few)):
            made = build(libraries, pairs, flags)
            for mode, target in pairs:
                path = listings[mode].libraries[target].path
                mine = made.get(path)
                compared += 1
                if mine is None:
                    problems.append(f'{mode}/{target}: Bazel did not make it, {how}')
                elif digest_file(mine) != expected[mode][target]:
                    found = first_difference(sdk, mine, reference.path(listings[mode], target))
                    problems.append(f'{mode}/{target}: {how}, {found}')
            say(f'{sdk.version}, Bazel, {how}: {len(pairs)} targets of {len(modes)} modes, {len(problems)} differences so far')
    return compared, problems


def build(libraries: Libraries, pairs: Iterable[tuple[Mode, str]], flags: Sequence[str]) -> dict[str, Path]:
    """What Bazel has made of libraries, by path in a cache directory."""
    labels = [f'@emscripten_cache//{mode}:{target}' for mode, target in pairs]
    libraries.run('build', '--keep_going', *flags, *labels, check=False)
    found = libraries.files(*flags, of=' + '.join(f'"{label}"' for label in labels))
    return {path: file for path, file in found.items() if file.is_file()}
