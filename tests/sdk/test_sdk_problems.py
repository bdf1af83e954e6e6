"""SDKs that do not work: exit code 3, and a sentence that says what is wrong and what fixes it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fake import make_fake_llvm
from support.overlay import configuration, overlay
from support.running import Emroot

from emroot.sdk import Sdk

Broken = Callable[[dict[str, str]], Emroot]


@pytest.fixture
def broken(sdk_root: Path, tmp_path: Path) -> Broken:
    return lambda changes: Emroot(tmp_path / 'home', overlay(sdk_root, tmp_path / 'emscripten', changes))


def _config(sdk_root: Path, llvm: Path) -> dict[str, str]:
    return {'.emscripten': f'{configuration(sdk_root)}LLVM_ROOT = {str(llvm)!r}\n'}


def test_a_missing_clang(broken: Broken, sdk_root: Path, tmp_path: Path):
    ran = broken(_config(sdk_root, tmp_path / 'nothing'))('build', '--targets', 'libnoexit')
    assert ran.code == 3
    assert f'is broken: no clang at {tmp_path / "nothing" / "clang"}' in ran.err
    assert 'set LLVM_ROOT in' in ran.err and 'emroot sdk install' in ran.err


def test_a_variable_that_leads_to_no_clang_is_named(sdk_root: Path, tmp_path: Path):
    ran = Emroot(tmp_path / 'home', sdk_root)('sdk', 'show', env={'EM_LLVM_ROOT': str(tmp_path)})
    assert ran.code == 3 and f'no clang at {tmp_path / "clang"}' in ran.err
    assert 'hint: unset EM_LLVM_ROOT' in ran.err


def test_another_llvm_is_used_with_a_warning_as_by_emcc(broken: Broken, sdk_root: Path, sdk: Sdk, tmp_path: Path):
    name = 'tools/shared.py'
    text = (sdk_root / name).read_text(encoding='utf-8')
    newer, changes = re.subn(r'(?m)^EXPECTED_LLVM_VERSION = .*$', f'EXPECTED_LLVM_VERSION = {sdk.expected_llvm + 3}', text)
    assert changes == 1
    emroot = broken({name: newer})
    ran = emroot('build', '--targets', 'libnoexit', '--cache', tmp_path / 'cache')
    assert ran.code == 0
    assert f'is made for LLVM {sdk.expected_llvm + 3}, but {sdk.tools["clang"]} is LLVM {sdk.llvm_version}' in ran.err
    (tmp_path / 'empty.c').write_text('int f(void) { return 0; }\n')
    emcc = [*sdk.python, '-E', '-B', str(emroot.sdk / 'emcc.py')]
    ran = emroot('run', '--cache', tmp_path / 'cache', '--', *emcc, '-c', tmp_path / 'empty.c', '-o', tmp_path / 'empty.o')
    assert (ran.code, 'is made for' in ran.err) == (0, False)


def test_a_clang_that_dies(broken: Broken, sdk_root: Path, tmp_path: Path):
    llvm = make_fake_llvm(tmp_path / 'dying')
    (llvm / 'clang').write_text('#!/bin/sh\necho cannot load some library >&2; exit 127\n')
    ran = broken(_config(sdk_root, llvm))('list')
    assert ran.code == 3
    assert 'is broken' in ran.err and 'cannot load some library' in ran.err


def test_an_emscripten_that_is_too_old(broken: Broken):
    ran = broken({'emscripten-version.txt': '"3.1.68"\n'})('list')
    assert ran.code == 3
    assert 'is Emscripten 3.1.68; emroot needs 3.1.69 or later' in ran.err


def test_an_sdk_with_a_broken_module(broken: Broken):
    ran = broken({'tools/cache.py': 'this is no Python\n'})('list')
    assert ran.code == 3
    assert 'does not answer' in ran.err and 'SyntaxError' in ran.err


def test_no_sdk_at_all(tmp_path: Path):
    ran = Emroot(tmp_path / 'home')('build', '--targets', 'libc', env={'PATH': str(tmp_path)})
    assert ran.code == 3
    assert 'no Emscripten SDK found' in ran.err and 'emroot sdk install' in ran.err


@pytest.mark.parametrize('how', ['EMSDK', 'EMSCRIPTEN_ROOT', 'PATH'])
def test_it_is_found_where_the_environment_says(sdk_root: Path, shared: Emroot, how: str):
    value = os.pathsep.join([str(sdk_root), os.environ['PATH']]) if how == 'PATH' else str(sdk_root)
    shown = Emroot(shared.home)('sdk', 'show', '--json', env={how: value})
    assert shown.code == 0, shown.err
    assert (shown.json['root'], shown.json['how']) == (str(sdk_root), how)


def test_the_document_has_the_contracts_shape(shared: Emroot, sdk_root: Path):
    shown = shared('sdk', 'show', '--json').json
    assert set(shown) == {'root', 'version', 'digest', 'llvm_root', 'binaryen_root', 'node', 'python', 'how'}
    assert shown['how'] == 'explicit'
    assert Path(shown['root'], 'emcc.py').is_file()
    assert len(shown['digest']) == 64
    assert shown['version'] == (sdk_root / 'emscripten-version.txt').read_text().strip().strip('"')
