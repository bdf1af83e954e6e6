"""The environment of one tool: SDK, configuration and cache, made of the action's inputs alone."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...probe import pure_environment
from ..sdk_layout import SdkLayout, mapped
from ..source_archives import directory_for_many

#: Bytes of a command line from which on it goes into a file. Windows takes 32 KB.
LONG = 8000


@dataclass(frozen=True, kw_only=True)
class Action:
    """One call of a tool. Paths that are strings are relative to the execution root, as outputs shall name them."""

    root: Path
    """Bazel's execution root. A tool may be started elsewhere: by a configure script, by CMake."""
    sdk: SdkLayout
    about: str
    """`sdk.json`, at the top of the SDK's repository."""
    headers: str
    """The directory of the SDK's headers."""
    clang_headers: str
    """The directory `include` of clang's own headers as one input, which compiles have."""
    sources: str
    """The archive of what libraries are made from (`source_package.py`); only links have it among their inputs."""
    scratch: Path
    stack: contextlib.ExitStack
    """Closed when the action ends."""
    debug: bool = False
    packs: bool = False
    """Whether it is a link of Bazel's own, whose outputs become one file."""

    @classmethod
    def of(cls, root: str, about: str, headers: str, clang_headers: str, sources: str, *, scratch: Path,
           stack: contextlib.ExitStack | None = None, debug: bool = False, packs: bool = False) -> Action:
        """The action of what a launcher says (`tools.bzl`)."""
        top = Path(os.path.abspath(root))
        return cls(root=top, sdk=SdkLayout.read(top / about), about=about, headers=mapped(headers, top),
                   clang_headers=mapped(clang_headers, top), sources=mapped(sources, top), scratch=scratch,
                   stack=stack or contextlib.ExitStack(), debug=debug, packs=packs)

    @property
    def at_root(self) -> bool:
        """Whether it was started in the execution root, as Bazel starts its own."""
        return Path.cwd() == self.root

    @property
    def resource_dir(self) -> str:
        """The directory of clang's own headers, of compiles."""
        return os.path.dirname(self.root / self.clang_headers)

    @property
    def resource_dir_flags(self) -> list[str]:
        """What has clang read its own headers there, and name them as the SDK does."""
        return [f'-resource-dir={self.resource_dir}', f'-ffile-prefix-map={self.resource_dir}={self.sdk.said_resource_dir}']

    def in_memory(self) -> Path:
        """A private directory for thousands of small files."""
        return directory_for_many(self.stack, self.scratch)

    def environment(self, cache: Path, *, config: str = '') -> dict[str, str]:
        """The environment of emcc, made of the action's inputs. Without a `config` to add, what its cache misses is an error."""
        file = self.scratch / 'emscripten.config'
        file.write_text(self.sdk.config_text(cache) + (config or 'FROZEN_CACHE = True\n'), encoding='utf-8')
        # PWD: Bazel says /proc/self/cwd, which clang would take for the directory of each source.
        kept = {name: value for name, value in pure_environment().items()
                if not name.startswith(('EMSDK', 'EMROOT_')) and name not in ('EMCC_LOGGING', 'PWD')}
        debug = {'EMCC_DEBUG': '1'} if self.debug else {}
        frozen = {} if config else {'EM_FROZEN_CACHE': '1'}
        return {**kept, **debug, **frozen, 'EM_CONFIG': str(file), 'EM_CACHE': str(cache), 'LC_ALL': 'C',
                'PYTHONDONTWRITEBYTECODE': '1', 'PYTHONHASHSEED': '0', 'TMPDIR': str(self.scratch),
                'TEMP': str(self.scratch), 'TMP': str(self.scratch)}

    def run(self, program: str, arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
        """One of the SDK's programs; its errors and warnings are in the result."""
        words = [*self.in_file(arguments)] if sum(map(len, arguments)) > LONG else arguments
        return subprocess.run([sys.executable, '-E', '-B', str(self.sdk.root / program), *words], env=dict(env),
                              stderr=subprocess.PIPE, check=False)

    def in_file(self, arguments: Sequence[str]) -> list[str]:
        """The argument `@FILE` for a new file with these arguments."""
        file = self.scratch / 'arguments.rsp'
        file.write_text(''.join(shlex.quote(word) + '\n' for word in arguments), encoding='utf-8')
        return [f'@{file}']

    def say(self, output: bytes) -> None:
        """Print a tool's messages, with paths relative to the execution root."""
        text = output.decode(errors='replace').replace(f'{self.root}{os.sep}', '')
        if text.strip():
            sys.stderr.write(text if text.endswith('\n') else text + '\n')


def read_arguments(arguments: Sequence[str]) -> list[str]:
    """The arguments, with parameter files expanded."""
    found: list[str] = []
    for word in arguments:
        if word.startswith('@') and os.path.isfile(word[1:]):
            found += read_arguments(shlex.split(Path(word[1:]).read_text(encoding='utf-8')))
        else:
            found.append(word)
    return found
