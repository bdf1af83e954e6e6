"""Where the parts of an SDK lie in an execution root, from the `sdk.json` that the SDK's repository holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engine.command_lines.placeholders import find_resource_dir, map_resource_dir

#: What clang's own headers are called in objects made with an SDK that Bazel downloaded, wherever Bazel put it.
RESOURCE_PREFIX = '/emsdk/lib/clang'
#: Outputs of library actions lie below a directory of this name (`providers.bzl: CACHE`), what an SDK ships below the other.
CACHE = '/emroot-cache/'
SHIPPED = '/shipped/'
#: What a library is called where Bazel takes shared libraries alone (`selection.bzl: runtime_libraries`): the rest of the name is
#: its path in a cache, with `@` for `/`.
SHARED = '/lib' + CACHE.strip('/') + '@'


def is_for_cache(file: str) -> bool:
    """Whether an input is a file of a cache directory."""
    return any(mark in f'{file}/' for mark in (CACHE, SHIPPED, SHARED))


def path_in_cache(file: str) -> str:
    """The path of an input in a cache directory (`selection.bzl` renames `.o` to `.o.a`, as Bazel takes only archives)."""
    if SHARED in file:
        return file.split(SHARED, 1)[1].removesuffix('.so').replace('@', '/')
    for mark in (CACHE, SHIPPED):
        if mark in f'{file}/':
            path = f'{file}/'.split(mark, 1)[1].rstrip('/')
            return path.removesuffix('.a') if path.endswith('.o.a') else path
    raise ValueError(f'{file} is no part of a cache')


def mapped(path: str, root: Path) -> str:
    """The path of an output below `root`, also where Bazel calls every configuration `cfg` (path mapping)."""
    parts = path.split('/', 2)
    if len(parts) == 3 and parts[0] == 'bazel-out' and not (root / path).exists():
        return f'bazel-out/cfg/{parts[2]}'
    return path


@dataclass(frozen=True)
class SdkLayout:
    """An SDK as the repository `emscripten_sdk` lays it out."""

    root: Path
    """The directory of `emcc.py`."""
    repository: Path
    """The directory of `sdk.json`, with the SDK's programs."""
    manifest: Mapping[str, Any]
    """`sdk.json`."""
    unpacked: Path | None = None
    """The directory of clang's own headers, if they are not next to clang."""

    @classmethod
    def read(cls, file: str | Path) -> SdkLayout:
        """Read `sdk.json`. The path is made absolute without following links, which lead out of a sandbox."""
        path = Path(file).absolute()
        return cls(path.parent / 'emscripten', path.parent, json.loads(path.read_text(encoding='utf-8')))

    @property
    def llvm(self) -> Path:
        """The directory of clang."""
        return self.repository / 'llvm' / 'bin'

    @property
    def said_root(self) -> str:
        """The SDK's path as objects record it (`renamed_source.py`)."""
        return str(self.manifest['root'])

    @property
    def said_resource_dir(self) -> str:
        """The path of clang's own headers as objects record it."""
        return str(self.manifest['resource_dir'])

    @property
    def tools(self) -> dict[str, Path]:
        """Executables by name: `clang`, `clang++`, `llvm-ar`, `wasm-ld`."""
        return {name: self.llvm / file for name, file in self.manifest['tools'].items()}

    @property
    def node(self) -> Path | None:
        """Node, if the SDK has one."""
        return self.repository / 'node' / self.manifest['node'] if self.manifest['node'] else None

    @property
    def resource_dir(self) -> Path:
        """The directory of clang's own headers: if they are not unpacked, next to the real path of its executable."""
        return self.unpacked or Path(find_resource_dir(str(self.tools['clang']), self.manifest['resource_dir']))

    @property
    def resource_dir_map(self) -> list[str]:
        """Flags that map the real path of clang's own headers to the recorded one, if a remote machine has them elsewhere."""
        return map_resource_dir(str(self.tools['clang']), self.manifest['resource_dir'])

    def config_text(self, cache: Path) -> str:
        """emcc's configuration for this SDK and cache directory."""
        lines = {'LLVM_ROOT': str(self.llvm), 'BINARYEN_ROOT': str(self.repository / 'binaryen'),
                 'NODE_JS': str(self.node or 'node'), 'CACHE': str(cache), **self.manifest['config']}
        return ''.join(f'{name} = {value!r}\n' for name, value in lines.items())
