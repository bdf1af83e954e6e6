"""Command lines of compiles, made from recorded ones so that objects contain no local path."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .placeholders import WORKING_DIRECTORY, embeds_source_path, substitute

if TYPE_CHECKING:  # a build action that uses this module needs neither
    from ...keys.plan import Compile
    from ...sdk import Sdk


#: The program with which objects contain another path of their source.
RENAMED_SOURCE = Path(__file__).absolute().parents[2] / 'bazel' / 'libraries' / 'renamed_source.py'

_quote = lru_cache(4096)(shlex.quote)  # commands differ in few words


@dataclass(frozen=True)
class CompileContext:
    """The SDK, the cache directory and the headers of one build, as its compile commands use them."""

    sdk: Sdk
    cache: Path
    """A directory with the SDK's headers in `sysroot/include`; other content does not matter."""

    @property
    def working_directory(self) -> Path:
        """The directory to compile in (see `placeholders.py`)."""
        return self.sdk.root.joinpath(*WORKING_DIRECTORY)

    def command(self, compile_: Compile, out: Path, depfile: Path | None = None) -> list[str]:
        """The command line of a compile; with `depfile` the compiler also lists the files that it reads."""
        words = substitute(compile_.argv[1:], sdk=str(self.sdk.root), cache=str(self.cache), source=compile_.source, out=str(out))
        # In a build action clang's own headers are not next to it.
        own = [f'-resource-dir={self.sdk.resource_dir}'] if self.sdk.said_resource_dir else []
        command = [str(self.sdk.tools[compile_.argv[0]]), *own, *words]
        return [*command, '-MD', '-MF', str(depfile)] if depfile else command

    def source(self, compile_: Compile) -> str:
        """The source in the command line of a compile."""
        return substitute(('{source}',), sdk=str(self.sdk.root), cache=str(self.cache), source=compile_.source, out='')[0]

    def object_command(self, compile_: Compile, out: Path, depfile: Path | None = None) -> list[str]:
        """The command line of an object for the store: it maps the SDK's path as the SDK's own build does."""
        command, sdk = self.command(compile_, out, depfile), self.sdk
        if sdk.said_resource_dir:
            command[1:1] = [f'-ffile-prefix-map={sdk.resource_dir}={sdk.said_resource_dir}']
        if sdk.said_root:
            # Before the SDK's own maps, of which the last one counts: up to 3.1.7x they miss the root in assembly.
            command[1:1] = [f'-ffile-prefix-map={sdk.root}={sdk.said_root}']
        if sdk.said_root and embeds_source_path(compile_.argv, compile_.source):
            root = str(sdk.root)
            command[:0] = [sys.executable, '-I', '-S', '-B', str(RENAMED_SOURCE), root, sdk.said_root,
                           compile_.source.replace('{sdk}', root)]
        return command


def shell_line(command: list[str], cwd: Path) -> str:
    """A command as one line for a shell."""
    if os.name == 'nt':
        return f'cd /d {subprocess.list2cmdline([str(cwd)])} && {subprocess.list2cmdline(command)}'
    return f'cd {_quote(str(cwd))} && {" ".join(map(_quote, command))}'
