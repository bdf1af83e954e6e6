"""What emroot knows of an SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..hashing import digest_record


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """One Emscripten installation that was seen to work. Paths are absolute; digests are sha256 in hexadecimal."""

    root: Path
    """The directory of `emcc.py`."""
    version: str
    digest: str
    """Names the SDK by its content: compiler, linker, sources and tools, wherever it lies."""
    parts: Mapping[str, str]
    """The digests that `digest` is made of: `compiler`, `archiver`, `linker`, `sources`, `tools`."""
    llvm_root: Path
    binaryen_root: Path
    node: tuple[str, ...]
    node_version: tuple[int, ...]
    python: tuple[str, ...]
    tools: Mapping[str, Path]
    """Executables by name: `clang`, `clang++`, `llvm-ar`, `wasm-ld`."""
    llvm_version: str
    expected_llvm: int
    """The major version of LLVM that this Emscripten is made for. With another one emcc warns, and goes on."""
    resource_dir: Path
    """Clang's own headers. Its path is part of the bytes of objects that use them (debug information)."""
    sanity: str
    """The content of `sanity.txt` that keeps this SDK's emcc from erasing a cache directory."""
    configured: bool
    """Whether emcc finds its tools by itself; otherwise it needs EM_CONFIG."""
    config_text: str
    """An emscripten configuration that names this SDK's tools."""
    index: Path
    """A JSON file: digest of every source and header, by path below `root` (see `fingerprint.py`)."""
    how: str
    """How it was found: explicit, EMSDK, EMSCRIPTEN_ROOT, PATH, installed."""

    configured_cache: str = ''
    """The cache directory that its configuration names; empty for none."""
    configured_wrapper: str = ''
    """The program that its configuration has emcc start compilers through (COMPILER_WRAPPER); empty for none."""

    said_root: str = ''
    """What objects that keep a path of the SDK call its root, if not by where it lies: in a build action, that is anywhere."""
    said_resource_dir: str = ''
    """The same for clang's own headers."""

    @property
    def caches(self) -> list[Path]:
        """Where this SDK's own emcc has its libraries: what its configuration names, and the directory that comes with it."""
        named = [Path(self.configured_cache)] if self.configured_cache else []
        return list(dict.fromkeys([*named, self.root / 'cache']))

    @property
    def embedded_paths(self) -> list[str]:
        """Where the SDK lies, as far as that may stand in the bytes of an object. The SDK's own flags map its root; clang takes
        what is before a `=` in it for all of it, and leaves what comes after."""
        paths = [str(self.resource_dir), str(self.root)]
        return [*paths, *dict.fromkeys(path[path.index('='):] for path in paths if '=' in path)]

    @property
    def location_key(self) -> str:
        """A digest that names where the SDK lies without saying it."""
        return digest_record({'places': self.embedded_paths})

    @property
    def doubt(self) -> str:
        """What emcc itself warns of: a compiler of another LLVM than it is made for. Empty if there is nothing."""
        if self.llvm_version.partition('.')[0] == str(self.expected_llvm):
            return ''
        return (f'Emscripten {self.version} at {self.root} is made for LLVM {self.expected_llvm}, but {self.tools["clang"]} is '
                f'LLVM {self.llvm_version}: compiles and links may fail')

    def show(self) -> dict[str, Any]:
        """What `emroot sdk show --json` prints."""
        return {'root': str(self.root), 'version': self.version, 'digest': self.digest,
                'llvm_root': str(self.llvm_root), 'binaryen_root': str(self.binaryen_root),
                'node': self.node[0] if self.node else None, 'python': self.python[0], 'how': self.how}
