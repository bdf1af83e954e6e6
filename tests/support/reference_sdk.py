"""A copy of an SDK whose own embuilder makes the reference for bytes. Its output is kept, since it does not change."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from dev.paths import dev_cache
from emroot.hashing import digest_file, digest_record
from emroot.host.home import Home
from emroot.libraries.catalogue import Listing
from emroot.modes import Mode
from emroot.probe import pure_environment
from emroot.sdk import Sdk, find_sdk


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
