"""Cached inspection of an SDK: is it complete, does its clang run, what is its digest."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .. import schemas
from ..errors import SdkError
from ..hashing import digest_record
from ..host.checked_json import read_checked_json, write_checked_json
from ..host.child import start_in_child
from ..host.home import Home
from .em_config import config_files, configuring
from .fingerprint import signature
from .model import Sdk


def inspect(root: Path, how: str, home: Home) -> Sdk:
    """The SDK at `root`, cached until one of its files changes. Raises `SdkError` (see `identification.examine`)."""
    return start_inspection(root, how, home, beside=False)()


def start_inspection(root: Path, how: str, home: Home, *, beside: bool) -> Callable[[], Sdk]:
    """Start `inspect`, and return a function that ends it: another process looks at the files (30 ms for 7000) `beside` this
    one, which can load modules in the meantime."""
    python = sdk_python(root)
    memo_path = home.memo / 'sdk' / digest_record([schemas.SDK_CACHE, str(root), list(python), configuring()])[:32]
    memo_file = memo_path.with_suffix('.json')
    memo = read_checked_json(memo_file)
    signed: Callable[[], str] = partial(_signature, root, memo) if memo else str
    if memo and beside:
        signed = start_in_child(signed)

    def end() -> Sdk:
        nonlocal memo
        if memo:
            try:
                if memo['signature'] == signed():
                    return _model(root, how, memo, python)
            except OSError:
                pass  # something that was there is gone: look again
        from .identification import examine  # lazy import: once per SDK
        try:
            memo = examine(root, python, home, memo_path)
            memo['signature'] = _signature(root, memo)
        except PermissionError as error:
            path = os.fsdecode(error.filename or '')
            if Path(path).is_relative_to(home.root):
                raise
            raise unreadable(f'the SDK at {root}', path) from error
        write_checked_json(memo_file, memo)
        return _model(root, how, memo, python)
    return end


def unreadable(what: str, path: str) -> SdkError:
    """The error for an SDK that this user may not read, or only in part."""
    return SdkError(f'{what} cannot be read by this user: {path}: permission denied',
                    hint='give this user read access to it and to its parent directories (`ls -ld`); or use another SDK')


def _signature(root: Path, memo: dict[str, Any]) -> str:
    configs = [path for path in config_files(root) if os.path.isfile(path)]
    return signature(memo['folders'], [*memo['files'], *configs])


def _model(root: Path, how: str, memo: dict[str, Any], python: tuple[str, ...]) -> Sdk:
    return Sdk(root=root, how=how, python=python, version=memo['version'], digest=memo['digest'], parts=memo['parts'],
               llvm_root=Path(memo['llvm_root']), binaryen_root=Path(memo['binaryen_root']), node=tuple(memo['node']),
               node_version=tuple(memo['node_version']), tools={k: Path(v) for k, v in memo['tools'].items()},
               llvm_version=memo['llvm_version'], expected_llvm=memo['expected_llvm'],
               resource_dir=Path(memo['resource_dir']), sanity=memo['sanity'], configured=memo['configured'],
               config_text=memo['config_text'], index=Path(memo['index']), configured_cache=memo['cache'],
               configured_wrapper=memo['compiler_wrapper'], lacking=tuple(memo['lacking']))


def sdk_python(root: Path) -> tuple[str, ...]:
    """The Python that runs the SDK: EMSDK_PYTHON, the one in an emsdk, otherwise the one that runs emroot."""
    if given := os.environ.get('EMSDK_PYTHON'):
        return (given,)
    emsdk = root.parent.parent
    for found in sorted((emsdk / 'python').glob('*/python.exe' if os.name == 'nt' else '*/bin/python3')):
        return (str(found),)
    return (sys.executable,)


def read_source_index(sdk: Sdk) -> dict[str, str]:
    """The sha256 of each source and header of the SDK, by its path below the root."""
    return {str(k): str(v) for k, v in (read_checked_json(Path(sdk.index)) or {}).items()}
