"""Bazel as a contender: libraries from cold, in its sandbox, while its server runs and has fetched what the SDK says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from support.bazel import ensure_tree
from support.bazel.container import ENVIRONMENT
from support.bazel.libraries import DECLARED, Libraries

from emroot.modes import Mode
from emroot.sdk import Sdk

from ..paths import say
from .measure import Step

#: Where Bazel makes the thousand links of each object's sandbox without a disk.
IN_MEMORY = '--sandbox_base=/dev/shm'


class BazelBench:
    """One workspace that declares targets of a mode, for all rounds."""

    def __init__(self, sdk: Sdk, mode: Mode, targets: Sequence[str], directory: Path) -> None:
        directory.mkdir()
        self.libraries = Libraries(ensure_tree(say), sdk, {mode: targets}, directory)
        self.libraries.run('build', '--nobuild', DECLARED)

    def begin(self, *flags: str) -> Callable[[Path], list[Step]]:
        """A build after `bazel clean`: analysis is timed, fetching and the start of the server are not."""
        def begin(_: Path) -> list[Step]:
            self.libraries.run('clean')
            return [Step(self.libraries.from_outside('build', '--spawn_strategy=sandboxed', *flags, DECLARED), ENVIRONMENT,
                         self.libraries.seconds)]
        return begin

    def close(self) -> None:
        """Stop Bazel."""
        self.libraries.close()
