"""An installation of the layout of an official release, made of the SDK at hand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from dev.paths import dev_cache
from emroot.host.files import remove_tree
from emroot.sdk import Sdk

from .windows.clangs import PLATFORMS, VERSION, unpack_zig

#: Of LLVM and Binaryen, what links and libraries take.
TOOLS = ('clang', 'clang++', 'wasm-ld', 'lld', 'llvm-ar', 'llvm-objcopy', 'llvm-nm', 'llvm-ranlib', 'wasm-opt',
         'wasm-emscripten-finalize', 'wasm-metadce', 'wasm-ctor-eval', 'wasm-split')
#: The tag that takes an SDK from another module's repository, and that repository.
ANOTHERS = 'sdk(repo = "@emscripten_bin_linux")'
_REPOSITORY = '''
new_local_repository = use_repo_rule("@bazel_tools//tools/build_defs/repo:local.bzl", "new_local_repository")
new_local_repository(name = "emscripten_bin_linux", path = "{install}", build_file_content = "")
'''


def repository(install: Path) -> str:
    """What a MODULE.bazel says besides, to have a release in such a repository."""
    return _REPOSITORY.format(install=install)


def make_release(sdk: Sdk, install: Path) -> Path:
    """emscripten, bin, and in lib the shared libraries: a real release has LLVM in its executables."""
    shutil.copytree(sdk.root, install / 'emscripten', symlinks=False, ignore=shutil.ignore_patterns(
        '__pycache__', 'cache', 'test', 'docs', '.emscripten'))
    (install / 'bin').mkdir()
    for name in TOOLS:
        for directory in (sdk.llvm_root, sdk.binaryen_root / 'bin'):
            if (directory / name).exists():
                shutil.copy(directory / name, install / 'bin' / name)
    (install / 'lib').mkdir()
    for tool in (sdk.llvm_root / 'clang', sdk.llvm_root / 'wasm-ld', sdk.binaryen_root / 'bin/wasm-opt'):
        for library in loaded(tool):
            shutil.copy(library, install / 'lib' / library.name)
    shutil.copytree(sdk.resource_dir / 'include', install / 'lib/clang' / sdk.resource_dir.name / 'include')
    return install


def loaded(executable: Path) -> list[Path]:
    """Shared libraries that an executable starts with."""
    said = subprocess.run([executable], env={'LD_TRACE_LOADED_OBJECTS': '1'}, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in re.findall(r'=> (/.*) \(0x', said)]


def make_portable(install: Path, patchelf: Path) -> None:
    """Have its executables find their libraries beside them, and their loader where every Linux has it."""
    for directory in (install / 'bin', install / 'lib'):
        for file in [f for f in directory.iterdir() if f.is_file() and f.read_bytes()[:4] == b'\x7fELF']:
            file.chmod(0o755)
            if 'ld-linux' in file.name:
                continue
            said = subprocess.run([patchelf, '--print-interpreter', file], capture_output=True, text=True, check=False).stdout
            own = ['--set-interpreter', f'/lib64/{Path(said.strip()).name}'] if said else []
            subprocess.run([patchelf, *own, '--set-rpath', '$ORIGIN/../lib', file], check=True, capture_output=True)


def make_official(sdk: Sdk, install: Path) -> Path:
    """A release as it is: LLVM in its executables and no shared library, hundreds of programs, no Node, no configuration.

    Its clang is that of the ziglang wheel; its other programs start those of the SDK at hand, which need their libraries.
    """
    wheel = dev_cache() / f'zig-{VERSION}'
    if not (wheel / 'ready').exists():
        remove_tree(wheel)
        unpack_zig(PLATFORMS['linux'], wheel)
        (wheel / 'ready').touch()
    shutil.copytree(sdk.root, install / 'emscripten', ignore=shutil.ignore_patterns('__pycache__', 'cache', 'test', 'docs',
                                                                                 '.emscripten'))
    programs = install / 'bin'
    programs.mkdir()
    for name in TOOLS:
        for directory in (sdk.llvm_root, sdk.binaryen_root / 'bin'):
            if (directory / name).exists():
                (programs / name).write_text(f'#!/bin/sh\nexec {directory / name} "$@"\n', encoding='utf-8')
                (programs / name).chmod(0o755)
    shutil.copy(wheel / 'ziglang/zig', programs / 'clang-22')
    (programs / 'clang-22').chmod(0o755)
    source = Path(__file__).with_name('official.c')
    subprocess.run(['cc', '-static', '-O1', '-o', programs / 'launcher', source], check=True, capture_output=True)
    for name in ('clang', 'clang++', 'llvm-ar'):
        (programs / name).unlink()
        shutil.copy(programs / 'launcher', programs / name)
    (programs / 'launcher').unlink()
    for number in range(300):
        (programs / f'llvm-another-{number}').write_text('not a program that links take', encoding='utf-8')
    shutil.copytree(wheel / 'ziglang/lib/include', install / 'lib/clang/22/include')
    (install / '.emsdk_version').write_text(f'emscripten-releases-{sdk.version}-64bit', encoding='utf-8')
    return install
