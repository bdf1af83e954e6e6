"""One clang for two systems: that of the ziglang wheels, whose version for Linux and for Windows is the same.

Libraries that emroot builds with either from the same SDK must have the same code, byte for byte: neither the order in which
files are found, nor ends of lines may come through. `zig` is clang, llvm-ar and wasm-ld in one program, so that launchers stand
for these: scripts on Linux, `launcher.c` on Windows.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.paths import dev_cache, say
from emroot.host.files import remove_tree
from emroot.sdk.extraction import unzip

from .wine import WineUnavailable, pip, windows

VERSION = '0.17.1'
PLATFORMS = {'linux': ('manylinux_2_12_x86_64', 'manylinux2010_x86_64'), 'windows': ('win_amd64',)}
#: What the SDK starts, and what of zig's it is.
PROGRAMS = {'clang': 'clang', 'clang++': 'clang --driver-mode=g++', 'llvm-ar': 'ar', 'wasm-ld': 'wasm-ld'}


@dataclass(frozen=True)
class Clangs:
    """Configurations for emcc (EM_CONFIG) that name the clang of each system."""

    linux: Path
    windows: Path


def ensure_clangs() -> Clangs:
    """Both, got and made if they are not there. Raises `WineUnavailable`."""
    if platform.system() != 'Linux' or platform.machine() != 'x86_64':
        raise WineUnavailable('the clang of the ziglang wheels is compared on Linux, x86-64')
    directory = dev_cache() / f'clangs-{VERSION}'
    if not (directory / 'ready').exists():
        remove_tree(directory)
        for system, platforms in PLATFORMS.items():
            unpack_zig(platforms, directory / system)
        _make_launchers(directory)
        (directory / 'ready').touch()
    return Clangs(directory / 'linux.config', directory / 'windows.config')


def unpack_zig(platforms: Sequence[str], directory: Path) -> None:
    """Unpack the wheel for a platform: `ziglang/zig` in it is clang, its `ziglang/lib/include` clang's own headers."""
    say('getting a clang (100 MB)')
    wheels = directory.with_name(f'{directory.name}-wheel')
    pip('download', '--no-deps', '--only-binary', ':all:', *(f'--platform={name}' for name in platforms), '--dest', str(wheels),
        f'ziglang=={VERSION}')
    for wheel in wheels.glob('*.whl'):
        unzip(wheel, directory)
    remove_tree(wheels)


def _make_launchers(directory: Path) -> None:
    zig, other = directory / 'linux/ziglang/zig', directory / 'windows/ziglang/zig.exe'
    zig.chmod(0o755)
    for system in PLATFORMS:
        (directory / f'{system}-llvm').mkdir()
    say('compiling a launcher for Windows (a minute)')
    source, launcher = Path(__file__).with_name('launcher.c'), directory / 'launcher.exe'
    env = {**os.environ, 'ZIG_GLOBAL_CACHE_DIR': str(directory / 'zig-cache'),
           'ZIG_LOCAL_CACHE_DIR': str(directory / 'zig-cache')}
    subprocess.run([zig, 'cc', '-target', 'x86_64-windows-gnu', '-municode', '-O1', '-o', launcher, source],
                   env=env, check=True, capture_output=True)
    remove_tree(directory / 'zig-cache')
    for name, program in PROGRAMS.items():
        clang = program.startswith('clang')
        script = directory / 'linux-llvm' / name
        own = f' -resource-dir={zig.parent / "lib"}' if clang else ''
        script.write_text(f'#!/bin/sh\nexec {zig} {program}{own} "$@"\n', encoding='utf-8')
        script.chmod(0o755)
        shutil.copy(launcher, directory / 'windows-llvm' / f'{name}.exe')
        own = f' -resource-dir={windows(other.parent / "lib")}' if clang else ''
        (directory / 'windows-llvm' / f'{name}.txt').write_text(f'{windows(other)} {program}{own}', encoding='utf-8')
    for system, spell in (('linux', str), ('windows', windows)):
        llvm, node = spell(directory / f'{system}-llvm'), spell(Path('/usr/bin/node'))
        (directory / f'{system}.config').write_text(f'LLVM_ROOT = {llvm!r}\nBINARYEN_ROOT = {llvm!r}\nNODE_JS = [{node!r}]\n',
                                                    encoding='utf-8')
