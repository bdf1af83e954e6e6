"""Bazel as a contender: libraries or a program from cold, in its sandbox, while its server runs and has asked the SDK."""

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
LAZY = '--@emroot//bazel:granularity=lazy'


#: A program, linked in a mode that nobody has built, by actions that have nothing but the SDK.
_PROGRAM = """
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
cc_binary(name = "program", srcs = ["{source}"])
"""


class BazelBench:
    """A workspace for all rounds, and what is built in it."""

    def __init__(self, libraries: Libraries, *what: str) -> None:
        self.libraries, self._what = libraries, what

    @classmethod
    def of_libraries(cls, sdk: Sdk, mode: Mode, targets: Sequence[str], directory: Path) -> BazelBench:
        """It declares targets of a mode."""
        directory.mkdir()
        libraries = Libraries(ensure_tree(say), sdk, {mode: targets}, directory)
        libraries.run('build', '--nobuild', DECLARED)
        return cls(libraries, DECLARED)

    @classmethod
    def of_program(cls, sdk: Sdk, mode: Mode, source: Path, directory: Path) -> BazelBench:
        """It declares nothing, and has linked a program in another mode."""
        directory.mkdir()
        libraries = Libraries(ensure_tree(say), sdk, {}, directory, more='bazel_dep(name = "rules_cc", version = "0.2.16")')
        workspace = libraries.bazel.workspace
        (workspace / 'BUILD.bazel').write_text(_PROGRAM.format(source=source.name), encoding='utf-8')
        (workspace / source.name).write_bytes(source.read_bytes())
        by_c = ['--features=c_link'] if source.suffix == '.c' else []
        other = 'wasm32' if mode.arch == 'wasm64' else 'wasm64'
        first, then = ((f'--platforms=@emroot//bazel/platforms:{arch}', '-c', 'opt', LAZY, *by_c, '//:program')
                       for arch in (other, mode.arch))
        libraries.run('build', *first)
        return cls(libraries, *then)

    def build(self, *flags: str) -> Step:
        """A build: analysis is timed, fetching and the start of the server are not."""
        command = self.libraries.from_outside('build', '--spawn_strategy=sandboxed', *flags, *self._what)
        return Step(command, ENVIRONMENT, elsewhere=self.libraries.seconds)

    def after_clean(self, *flags: str) -> Callable[[Path], list[Step]]:
        """Builds after `bazel clean`."""
        def begin(_: Path) -> list[Step]:
            self.libraries.run('clean')
            return [self.build(*flags)]
        return begin

    def close(self) -> None:
        """Stop Bazel."""
        self.libraries.close()
