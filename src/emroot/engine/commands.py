"""From recorded command lines to real ones, in a way that leaves no trace of where things lie in the bytes."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a build action that uses this module needs neither
    from ..plan import Compile
    from ..sdk import Sdk

#: Where an in-tree cache appears in debug information: emcc maps the SDK's root to `/emsdk/emscripten`
#: (`system_libs.py: DETERMINISTIC_PREFIX`), and the reference for bytes is a cache inside the SDK.
CACHE_PREFIX = '/emsdk/emscripten/cache'
SYSROOT_FLAG = '--sysroot={cache}/sysroot'


@dataclass(frozen=True)
class Places:
    """Where a build's inputs lie."""

    sdk: Sdk
    cache: Path
    """A directory with the SDK's headers in `sysroot/include`, and nothing else of consequence."""

    @property
    def working_directory(self) -> Path:
        """A directory as far below the SDK's root as embuilder's build directory, so that the recorded relative paths
        and the prefix maps made of them hold. Nothing is written there."""
        return self.sdk.root / 'system' / 'lib' / 'libc'

    def command(self, compile_: Compile, out: Path, depfile: Path | None = None) -> list[str]:
        """The compiler's command line for one compile; with `depfile` it also writes down what it reads."""
        mapped = {'{sdk}': str(self.sdk.root), '{cache}': str(self.cache)}
        command = [str(self.sdk.tools[compile_.argv[0]])]
        for arg in compile_.argv[1:]:
            if arg == '{source}':
                command.append(_spell(compile_.source, mapped))
            elif arg == '{object}':
                command.append(str(out))
            else:
                command.append(_spell(arg, mapped))
                if arg == SYSROOT_FLAG:
                    command.append(f'-ffile-prefix-map={self.cache}={CACHE_PREFIX}')
        return [*command, '-MD', '-MF', str(depfile)] if depfile else command


def _spell(arg: str, mapped: dict[str, str]) -> str:
    for name, place in mapped.items():
        if name in arg:
            arg = arg.replace(name, place)
    return arg


def shell_line(command: list[str], cwd: Path) -> str:
    """A command as a person would type it."""
    if os.name == 'nt':
        return f'cd /d {subprocess.list2cmdline([str(cwd)])} && {subprocess.list2cmdline(command)}'
    return f'cd {shlex.quote(str(cwd))} && {shlex.join(command)}'
