"""The examples of the Python API, on its page and in its docstrings, run as they stand, with real SDKs."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys

import pytest
from support.documents import DOCS
from support.running import plain_environment

import emroot
import emroot.api.maintenance
import emroot.api.operations
from emroot.host.home import Home
from emroot.sdk import Sdk

PAGE = DOCS / 'reference' / 'python.md'


def test_every_example_of_the_page_runs_in_order(sdk: Sdk, shared_home: Home):
    text = PAGE.read_text(encoding='utf-8')
    blocks = re.findall(r'<!-- runs -->\n```python\n(.*?)```', text, re.DOTALL)
    assert len(blocks) == text.count('```python')
    env = plain_environment({'EMSCRIPTEN_ROOT': str(sdk.root), 'EMROOT_HOME': str(shared_home.root)})
    ran = subprocess.run([sys.executable, '-c', '\n'.join(blocks)], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for said in (f'{sdk.version} {sdk.root}', 'wasm32-lto\n', 'sysroot/lib/wasm32-emscripten/lto/libGL-getprocaddr.a',
                 "unknown target 'libc-dbug'", 'wasm32/crt1 reused',
                 ' checked, 0 damaged', 'Collected(files='):
        assert said in ran.stdout


def test_the_examples_of_docstrings_run(sdk: Sdk, shared_home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('EMSCRIPTEN_ROOT', str(sdk.root))
    monkeypatch.delenv('EMSDK', raising=False)
    monkeypatch.setenv('EMROOT_HOME', str(shared_home.root))
    for module, examples in ((emroot.api.operations, 6), (emroot.api.maintenance, 5)):
        failed, tried = doctest.testmod(module, extraglobs={'emroot': emroot})
        assert failed == 0 and tried >= examples
