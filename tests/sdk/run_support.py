"""What tests of `emroot run` link and look at: one small library, a wrapper of compilers, a configuration of the user's own."""

from __future__ import annotations

import sys
from pathlib import Path

from support.freestanding import STACK, TEMPRET

from emroot.sdk import Sdk

#: A link of one library of one object.
TINY = ('-nostdlib', '-lnoexit', '--no-entry', '-sEXPORTED_FUNCTIONS=_answer')
ANSWER = f'int answer(void) {{ return 42; }}\n{STACK}{TEMPRET}'


def sdk_tool(root: Path, name: str, *arguments: object) -> list[str]:
    return [sys.executable, '-E', '-B', str(root / name), *map(str, arguments)]


def tiny_link(root: Path, directory: Path, *more: object) -> list[str]:
    (directory / 'main.c').write_text(ANSWER)
    return sdk_tool(root, 'emcc.py', *more, directory / 'main.c', *TINY, '-o', directory / 'main.js')


def libraries_in(cache: Path) -> list[str]:
    return sorted(path.relative_to(cache / 'sysroot/lib').as_posix() for path in (cache / 'sysroot/lib').rglob('*.[ao]'))


def compiler_wrapper(directory: Path) -> tuple[Path, Path]:
    """A program that starts compilers, and what it writes down."""
    wrapper, log = directory / 'wrapper', directory / 'log'
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec "$@"\n')
    wrapper.chmod(0o755)
    return wrapper, log


def own_configuration(sdk: Sdk, directory: Path, **values: object) -> Path:
    """One of the user's own."""
    file = directory / 'my.config'
    said = {'LLVM_ROOT': str(sdk.llvm_root), 'BINARYEN_ROOT': str(sdk.binaryen_root), 'NODE_JS': list(sdk.node), **values}
    file.write_text(''.join(f'{name} = {value!r}\n' for name, value in said.items()))
    return file
