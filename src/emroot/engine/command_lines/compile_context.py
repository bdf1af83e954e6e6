"""From recorded command lines to real ones, in a way that leaves no trace of where things lie in the bytes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .placeholders import WORKING_DIRECTORY, embeds_path, map_resource_dir, substitute

if TYPE_CHECKING:  # a build action that uses this module needs neither
    from ...keys.plan import Compile
    from ...sdk import Sdk


#: Has a compiler name its source by another path than where it lies.
RENAMED_SOURCE = Path(__file__).absolute().parents[2] / 'bazel' / 'renamed_source.py'

_quote = lru_cache(4096)(shlex.quote)  # commands differ in few words


@dataclass(frozen=True)
class CompileContext:
    """Where a build's inputs lie."""

    sdk: Sdk
    cache: Path
    """A directory with the SDK's headers in `sysroot/include`, and nothing else of consequence."""

    @property
    def working_directory(self) -> Path:
        """The directory to compile in (see `placeholders.py`)."""
        return self.sdk.root.joinpath(*WORKING_DIRECTORY)

    def command(self, compile_: Compile, out: Path, depfile: Path | None = None) -> list[str]:
        """The compiler's command line for one compile; with `depfile` it also writes down what it reads."""
        words = substitute(compile_.argv[1:], sdk=str(self.sdk.root), cache=str(self.cache), source=compile_.source, out=str(out))
        command = [str(self.sdk.tools[compile_.argv[0]]), *words]
        return [*command, '-MD', '-MF', str(depfile)] if depfile else command

    def object_command(self, compile_: Compile, out: Path, depfile: Path | None = None) -> list[str]:
        """The same for an object that is kept: it says of where the SDK lies what the SDK has it say."""
        command, sdk = self.command(compile_, out, depfile), self.sdk
        if sdk.said_resource_dir:
            command[1:1] = map_resource_dir(command[0], sdk.said_resource_dir)
        if sdk.said_root and embeds_path(compile_.argv, compile_.source):
            root = str(sdk.root)
            command[:0] = [sys.executable, '-I', '-S', '-B', str(RENAMED_SOURCE), root, sdk.said_root,
                           compile_.source.replace('{sdk}', root)]
        return command


def shell_line(command: list[str], cwd: Path) -> str:
    """A command as a person would type it."""
    if os.name == 'nt':
        return f'cd /d {subprocess.list2cmdline([str(cwd)])} && {subprocess.list2cmdline(command)}'
    return f'cd {_quote(str(cwd))} && {" ".join(map(_quote, command))}'
