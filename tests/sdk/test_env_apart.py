"""What `emroot env` sets, read by the programs of two real SDKs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.overlay import overlay
from support.running import Emroot, plain_environment

from emroot.sdk import Sdk


def test_an_emcc_of_another_sdk_has_its_own_cache(seen: Emroot, sdk: Sdk, sdk_roots: list[Path], tmp_path: Path):
    env = seen('env', '--json', '--targets', 'crt1', '--cache', tmp_path / 'cache').json

    def ask(root: Path, *command: str, **more: str) -> str:
        ran = subprocess.run([*sdk.python, '-B', str(root / command[0]), *command[1:]], env=plain_environment(more),
                             capture_output=True, text=True, check=True)
        return ran.stdout.strip()

    assert ask(sdk.root, 'em-config.py', 'CACHE', **env) == str(tmp_path / 'cache')
    assert f'--sysroot={tmp_path / "cache" / "sysroot"}' in ask(sdk.root, 'emcc.py', '--cflags', **env)
    others = [*(root for root in sdk_roots if root != sdk.root), overlay(sdk.root, tmp_path / 'other')]
    for other in others:
        for name in ('CACHE', 'LLVM_ROOT', 'BINARYEN_ROOT'):
            assert ask(other, 'em-config.py', name, **env) == ask(other, 'em-config.py', name), f'{name} of {other}'
