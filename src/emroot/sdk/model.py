"""The description of an SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..hashing import digest_record


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """A working Emscripten installation. Paths are absolute; digests are sha256 in hexadecimal."""

    root: Path
    """The directory of `emcc.py`."""
    version: str
    digest: str
    """The identity of the SDK: a digest of its compiler, linker, sources and tools, wherever it lies."""
    parts: Mapping[str, str]
    """The parts of `digest`: `compiler`, `archiver`, `linker`, `sources`, `tools`."""
    llvm_root: Path
    binaryen_root: Path
    node: tuple[str, ...]
    node_version: tuple[int, ...]
    python: tuple[str, ...]
    tools: Mapping[str, Path]
    """Executables by name: `clang`, `clang++`, `llvm-ar`, `wasm-ld`."""
    llvm_version: str
    expected_llvm: int
    """The major version of LLVM that this Emscripten is made for. With another one emcc warns."""
    resource_dir: Path
    """The directory of clang's own headers. Its path is in the debug information of objects that use them."""
    sanity: str
    """The content of `sanity.txt` with which this SDK's emcc does not erase a cache directory."""
    configured: bool
    """Whether emcc finds its tools without EM_CONFIG."""
    config_text: str
    """An Emscripten configuration with the paths of this SDK's tools."""
    index: Path
    """A JSON file with the sha256 of every source and header, by path below `root` (see `fingerprint.py`)."""
    how: str
    """How it was found: explicit, EMSDK, EMSCRIPTEN_ROOT, PATH, installed."""

    configured_cache: str = ''
    """The cache directory in its configuration; empty for none."""
    configured_wrapper: str = ''
    """The launcher of compiles in its configuration (COMPILER_WRAPPER); empty for none."""
    lacking: tuple[str, ...] = ()
    """Names of Emscripten's that emroot uses and this one should have, but has not (`probe/seams.py`)."""
    said_root: str = ''
    """The SDK's root as objects say it, where its location varies: in a build action."""
    said_resource_dir: str = ''
    """The same for clang's own headers."""

    @property
    def caches(self) -> list[Path]:
        """The caches of this SDK's own emcc: that of its configuration, and that inside the SDK."""
        named = [Path(self.configured_cache)] if self.configured_cache else []
        return list(dict.fromkeys([*named, self.root / 'cache']))

    @property
    def embedded_paths(self) -> list[str]:
        """The SDK's paths that may occur in objects. Its flags map the root, which clang ends at the first `=`."""
        paths = [str(self.resource_dir), str(self.root)]
        return [*paths, *dict.fromkeys(path[path.index('='):] for path in paths if '=' in path)]

    @property
    def location_key(self) -> str:
        return digest_record({'places': self.embedded_paths})

    @property
    def doubt(self) -> str:
        """emcc's own warning about a compiler of another LLVM than the SDK is made for; else empty."""
        if self.llvm_version.partition('.')[0] == str(self.expected_llvm):
            return ''
        return (f'Emscripten {self.version} at {self.root} is made for LLVM {self.expected_llvm}, but {self.tools["clang"]} is '
                f'LLVM {self.llvm_version}: compiles and links may fail')

    def show(self) -> dict[str, Any]:
        """The document of `emroot sdk show --json`."""
        return {'root': str(self.root), 'version': self.version, 'digest': self.digest,
                'llvm_root': str(self.llvm_root), 'binaryen_root': str(self.binaryen_root),
                'node': self.node[0] if self.node else None, 'python': self.python[0], 'how': self.how}
