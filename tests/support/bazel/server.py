"""Bazel itself, run in the tree for one workspace."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .container import Binds, Container
from .tree import Tree

__all__ = ['Bazel', 'bazel']

# A build of a few hundred actions needs no more; the default is a quarter of the machine's memory.
HEAP = '--host_jvm_args=-Xmx1g'


@dataclass(kw_only=True)
class Bazel:
    """A Bazel server for one workspace, stopped at the end of its `with` block.

    The workspace and the output root lie at the same absolute paths inside and outside, so that `bazel-bin` and every
    path in Bazel's messages can be followed from a test.
    """

    container: Container
    workspace: Path
    startup: tuple[str, ...]
    env: Mapping[str, str]

    @classmethod
    def open(
        cls,
        tree: Tree,
        workspace: Path,
        *,
        output_user_root: Path,
        output_base: Path | None = None,
        startup: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        binds: Binds | None = None,
        writable: Binds | None = None,
        network: bool = False,
    ) -> Bazel:
        """`startup` are further startup options; `binds` (read-only) and `writable` are as for `Tree.open`."""
        workspace, output_user_root = workspace.resolve(), output_user_root.resolve()
        base = [] if output_base is None else [f'--output_base={output_base.resolve()}']
        own = [workspace, output_user_root, *([] if output_base is None else [output_base.resolve()])]
        for directory in own:
            directory.mkdir(parents=True, exist_ok=True)
        return cls(
            container=tree.open(
                binds=binds, writable={**{path: path for path in own}, **(writable or {})}, network=network
            ),
            workspace=workspace,
            startup=('--nohome_rc', f'--output_user_root={output_user_root}', *base, HEAP, *startup),
            env=env or {},
        )

    def run(self, *args: str, timeout: float | None = 900) -> subprocess.CompletedProcess[str]:
        """`bazel ARGS` in the workspace, as in `run("build", "//...")`. Bazel's progress and errors are in `stderr`."""
        return self.container.run(['bazel', *self.startup, *args], cwd=self.workspace, env=self.env, timeout=timeout)

    def close(self) -> None:
        """Asks the server to stop, which lets it write what it holds back; what then still runs is killed."""
        try:
            self.container.run(['bazel', *self.startup, 'shutdown'], cwd=self.workspace, env=self.env, timeout=60)
        except subprocess.TimeoutExpired:
            pass  # the container is closed by then
        finally:
            self.container.close()

    def __enter__(self) -> Bazel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def bazel(
    tree: Tree,
    args: Sequence[str],
    workspace: Path,
    *,
    output_user_root: Path,
    output_base: Path | None = None,
    startup: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    binds: Binds | None = None,
    writable: Binds | None = None,
    network: bool = False,
    timeout: float | None = 900,
) -> subprocess.CompletedProcess[str]:
    """One command of Bazel with a server of its own. For several, open a `Bazel`: starting a server takes seconds."""
    with Bazel.open(
        tree,
        workspace,
        output_user_root=output_user_root,
        output_base=output_base,
        startup=startup,
        env=env,
        binds=binds,
        writable=writable,
        network=network,
    ) as server:
        return server.run(*args, timeout=timeout)
