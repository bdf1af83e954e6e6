"""Archives of a release, of Node and of Python, as `emscripten_deps.sdk(emscripten_version = ...)` downloads them."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from emroot.hashing import digest_file

#: Systems by the names of `downloads.bzl`, and where their archives are.
SYSTEMS = {'linux': 'linux/this/wasm-binaries.tar.xz', 'linux-arm64': 'linux/this/wasm-binaries-arm64.tar.xz',
           'mac': 'mac/this/wasm-binaries.tar.xz', 'mac-arm64': 'mac/this/wasm-binaries-arm64.tar.xz',
           'win': 'win/this/wasm-binaries.zip'}


@dataclass(frozen=True)
class Site:
    """Archives of one release for all systems, and of the interpreters. Each system's is the same, but for its name."""

    directory: Path
    version: str

    @classmethod
    def make(cls, directory: Path, version: str, release: Path, node: Path, python: Path) -> Site:
        """`release` is what `install/` holds, `python` a directory with `bin/python3`, `node` a program."""
        first = directory / 'emsdk' / SYSTEMS['linux']
        _tar(first, {'install': release})
        _tar(directory / 'node/v1/node-v1-linux.tar.xz', {'node-v1-linux/bin/node': node})
        _tar(directory / 'python/python.tar.gz', {'python': python})
        for path in list(SYSTEMS.values())[1:4]:
            (directory / 'emsdk' / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(first, directory / 'emsdk' / path)
        _zip(directory / 'emsdk' / SYSTEMS['win'], {'install': release})
        _zip(directory / 'node/v1/node-v1-win.zip', {'node-v1-win/node.exe': node})
        _zip(directory / 'python/python-win.zip', {'python/python.exe': python / 'bin/python3'})
        return cls(directory, version)

    def known_to(self, module: Path) -> None:
        """Have a copy of the module know these archives, and no others."""
        said = {system: digest_file(self.directory / 'emsdk' / path) for system, path in SYSTEMS.items()}
        releases = {'releases': {self.version: {'hash': 'this', **said}}}
        (module / 'src/emroot/sdk/releases.json').write_text(json.dumps(releases), encoding='utf-8')
        names = {'node': ('v1/node-v1-linux.tar.xz', 'v1/node-v1-win.zip'), 'python': ('python.tar.gz', 'python-win.zip')}
        interpreters = {name: {'base': '', 'archives': {
            system: [path := paths[system == 'win'], digest_file(self.directory / name / path)] for system in SYSTEMS}}
            for name, paths in names.items()}
        (module / 'bazel/private/repositories/interpreters.json').write_text(json.dumps(interpreters), encoding='utf-8')

    @property
    def options(self) -> list[str]:
        """What has Bazel download from here."""
        return [f'--repo_env=EMROOT_{name.upper()}_URL=file://{self.directory}/{name}' for name in ('emsdk', 'node', 'python')]


def _tar(archive: Path, content: dict[str, Path]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    compression = {'preset': 0} if archive.suffix == '.xz' else {'compresslevel': 1}
    with tarfile.open(archive, f'w:{archive.suffix[1:]}', **compression) as tar:  # type: ignore[call-overload]
        for name, path in content.items():
            tar.add(path.resolve() if path.is_file() else path, name)


def _zip(archive: Path, content: dict[str, Path]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, 'w') as packed:
        for name, top in content.items():
            for path in [p for p in top.rglob('*') if p.is_file()] if top.is_dir() else [top]:
                packed.write(path, f'{name}/{path.relative_to(top)}' if top.is_dir() else name)


def copy_python(tree: Path, directory: Path) -> Path:
    """Debian's Python of a tree, as a directory that works anywhere."""
    program = (tree / 'usr/bin/python3').resolve()
    (directory / 'bin').mkdir(parents=True)
    shutil.copy(program, directory / 'bin/python3')
    shutil.copytree(tree / 'usr/lib' / program.name, directory / 'lib' / program.name, ignore_dangling_symlinks=True,
                    ignore=shutil.ignore_patterns('__pycache__', 'test', 'dist-packages', 'EXTERNALLY-MANAGED', 'config-*'))
    return directory
