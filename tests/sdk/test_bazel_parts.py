"""Bazel makes large libraries in parts: joined, they are the very archive that the SDK makes of all objects."""

from __future__ import annotations

import subprocess
from pathlib import Path

from emroot.sdk import Sdk


def test_parts_join_to_the_bytes_of_the_whole(sdk: Sdk, tmp_path: Path) -> None:
    names = ['vmlock.o', 'a_name_of_more_than_fifteen_letters.o', 'a__1.o', 'b.o', 'c.o']
    for n, name in enumerate(names):
        subprocess.run([sdk.tools['clang'], '--target=wasm32-unknown-emscripten', '-c', '-x', 'c', '-', '-o', name], cwd=tmp_path,
                       input=f'int symbol_{n}(void) {{ return {n}; }}\n'.encode() * (name != 'b.o'), check=True)

    def archive(operation: str, out: str, members: list[str]) -> str:
        (tmp_path / 'members').write_text('\n'.join(members) + '\n')
        subprocess.run([sdk.tools['llvm-ar'], operation, out, '@members'], cwd=tmp_path, check=True)
        return out
    parts = [archive('cr', f'part.{n}.a', names[first:last]) for n, (first, last) in enumerate([(0, 2), (2, 3), (3, 5)])]
    whole, joined = (tmp_path / archive('cr', 'whole.a', names)), (tmp_path / archive('qcL', 'joined.a', parts))
    assert joined.read_bytes() == whole.read_bytes()
