"""The hook of `emroot run`: what it says, and which emcc it leaves alone."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.hooked_emcc import LIBC, HookedEmcc

from emroot.probe import HOOK

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='a script stands for the linker')


def without(emcc: HookedEmcc, name: str) -> None:
    """Take a function of this emcc's away: it has another name."""
    for file in ('tools/system_libs.py', 'emcc.py'):
        text = (emcc.top / 'sdk' / file).read_text()
        (emcc.top / 'sdk' / file).write_text(text.replace(name, f'{name}_moved'))


def test_a_function_that_is_gone_is_named_to_run_and_costs_no_link(emcc: HookedEmcc) -> None:
    without(emcc, 'get_libs_to_link')
    ran = emcc('a.o')
    assert (ran.returncode, ran.stderr) == (0, '') and emcc.linked == ['libal.a', 'libc.a']
    first, *_ = emcc.notices.read_text().splitlines()
    assert first.startswith('warning: this Emscripten has no tools.system_libs.get_libs_to_link: ')


def test_it_is_said_by_emcc_if_run_listens_no_more(emcc: HookedEmcc) -> None:
    without(emcc, 'get_libs_to_link')
    emcc.notices.unlink()
    ran = emcc('a.o')
    assert ran.returncode == 0
    assert ran.stderr.startswith('emroot: warning: this Emscripten has no tools.system_libs.get_libs_to_link')
    assert not emcc.notices.exists()


def test_a_quiet_run_is_told_nothing(emcc: HookedEmcc) -> None:
    emcc.configure(name='run-quiet.config')
    assert emcc('a.o', config='run-quiet.config').stderr == ''
    assert emcc.started[0].environment['EMROOT_NOTICES'] == ''
    without(emcc, 'get_libs_to_link')
    ran = emcc('a.o', config='run-quiet.config')
    assert (ran.returncode, ran.stderr, emcc.notices.read_text()) == (0, '', '')


@pytest.mark.parametrize(('version', 'missed'), [('4.0.10', True), ('4.0.9', False), ('3.1.69', False), ('', True)])
def test_a_function_that_this_release_never_had_is_not_missed(emcc: HookedEmcc, version: str, missed: bool) -> None:
    (emcc.top / 'sdk/emscripten-version.txt').write_text(f'"{version}"\n')
    file = emcc.top / 'sdk/tools/ports/__init__.py'
    file.write_text(file.read_text().partition('def load_external_port')[0])
    assert emcc('a.o').returncode == 0
    assert ('has no tools.ports.load_external_port' in emcc.notices.read_text()) == missed


def test_the_emcc_of_another_sdk_is_left_alone_and_that_is_said(emcc: HookedEmcc) -> None:
    text = (emcc.top / 'run.config').read_text()
    text = text[:text.index('    module.install')] + '    module.stand_back("/an sdk", "/served")\n_emroot()\n'
    (emcc.top / 'run.config').write_text(text)
    assert emcc('a.o').returncode == 0
    assert emcc.started == [] and emcc.made_by(LIBC) == 'emcc'
    assert 'the emcc of /an sdk ran without emroot' in emcc.notices.read_text()
    assert "`emroot --sdk '/an sdk' run`" in emcc.notices.read_text()


@pytest.fixture
def hook() -> ModuleType:
    """The program itself, in this process."""
    spec = importlib.util.spec_from_file_location('hook_of_a_test', HOOK)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(('program', 'hooked'), [
    (HOOK.parents[1] / 'libraries.py', False), (HOOK, True), (Path('/sdk/emcc.py'), True)])
def test_emroots_own_questions_are_not_hooked(hook: ModuleType, monkeypatch: pytest.MonkeyPatch, program: Path,
                                              hooked: bool) -> None:
    monkeypatch.setattr(sys.modules['__main__'], '__file__', str(program), raising=False)
    monkeypatch.setattr(sys, 'meta_path', list(sys.meta_path))
    before = len(sys.meta_path)
    hook.install({})
    assert len(sys.meta_path) == before + hooked
