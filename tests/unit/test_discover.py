"""Finding an SDK, and saying what is wrong with one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake import configure, make_fake_llvm, make_fake_sdk

from emroot.errors import SdkError
from emroot.home import Home
from emroot.sdk import find_sdk
from emroot.sdk.discover import candidates, emscripten_root
from emroot.sdk.inspect import sdk_python

EXE = '.exe' if os.name == 'nt' else ''


@pytest.fixture(autouse=True)
def _no_sdk_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [n for n in os.environ if n.startswith('EM')]:
        monkeypatch.delenv(name)
    (tmp_path / 'bin').mkdir()
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'))


def _empty_sdk(place: Path) -> Path:
    place.mkdir(parents=True)
    (place / 'emcc.py').write_text('')
    return place


@pytest.fixture
def everywhere(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Path]]:
    """An SDK in every place where one can be."""
    places = {how: _empty_sdk(tmp_path / how / 'emscripten') for how in ('explicit', 'EMSDK', 'EMSCRIPTEN_ROOT', 'PATH')}
    monkeypatch.setenv('EMSDK', str(tmp_path / 'EMSDK'))
    monkeypatch.setenv('EMSCRIPTEN_ROOT', str(places['EMSCRIPTEN_ROOT']))
    if os.name == 'nt':
        (places['PATH'] / 'emcc.bat').write_text('@rem\n')
        monkeypatch.setenv('PATH', str(places['PATH']))
    else:
        (places['PATH'] / 'emcc').write_text('#!/bin/sh\n')
        (places['PATH'] / 'emcc').chmod(0o755)
        (tmp_path / 'bin' / 'emcc').symlink_to(places['PATH'] / 'emcc')
    places['installed'] = _empty_sdk(home.sdks / '6.0.5-debian' / 'usr' / 'share' / 'emscripten')
    yield places


def test_the_order_is_that_of_the_contract(everywhere: dict[str, Path], home: Home):
    found = list(candidates(home, everywhere['explicit']))
    assert [c.how for c in found] == ['explicit', 'EMSDK', 'EMSCRIPTEN_ROOT', 'PATH', 'installed']
    assert [c.root for c in found] == list(everywhere.values())


@pytest.mark.parametrize('below', ['', 'upstream/emscripten', 'usr/share/emscripten', 'libexec'])
def test_an_sdk_may_be_named_by_a_directory_above_it(tmp_path: Path, below: str):
    _empty_sdk(tmp_path / 'place' / below)
    assert emscripten_root(tmp_path / 'place') == tmp_path / 'place' / below


def test_the_python_of_an_emsdk_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = _empty_sdk(tmp_path / 'emsdk' / 'upstream' / 'emscripten')
    name = 'python.exe' if os.name == 'nt' else 'bin/python3'
    python = tmp_path / 'emsdk' / 'python' / '3.13_64bit' / name
    python.parent.mkdir(parents=True)
    python.write_text('')
    assert sdk_python(root) == (str(python),)
    monkeypatch.setenv('EMSDK_PYTHON', '/chosen/python')
    assert sdk_python(root) == ('/chosen/python',)


def test_without_any_sdk_it_says_where_it_looked_and_how_to_get_one(home: Home):
    with pytest.raises(SdkError) as caught:
        find_sdk(home)
    for place in ('--sdk', 'EMSDK', 'EMSCRIPTEN_ROOT', 'PATH'):
        assert place in caught.value.message
    assert 'emroot sdk install' in caught.value.hint


@pytest.mark.parametrize('variable', ['EMSDK', 'EMSCRIPTEN_ROOT'])
def test_a_variable_that_names_no_sdk_is_an_error_and_not_passed_over(everywhere: dict[str, Path], home: Home, tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch, variable: str):
    monkeypatch.delenv('EMSDK')
    monkeypatch.setenv(variable, str(tmp_path / 'nowhere'))
    with pytest.raises(SdkError, match=f'{variable}=.*nowhere'):
        list(candidates(home))


def test_a_fake_sdk_is_a_whole_one(tmp_path: Path, home: Home):
    sdk = find_sdk(home, make_fake_sdk(tmp_path))
    assert (sdk.version, sdk.llvm_version, sdk.how) == ('9.9.9', '19.0.0', 'explicit')
    assert sdk.configured


@pytest.mark.parametrize(('version', 'supported'), [
    ('3.1.68', False), ('2.0.34', False), ('3.1.69', True), ('3.1.100-git', True), ('10.0.0', True)])
def test_the_oldest_that_is_supported_is_3_1_69(tmp_path: Path, home: Home, version: str, supported: bool):
    root = make_fake_sdk(tmp_path, version=version)
    if supported:
        assert find_sdk(home, root).version == version
    else:
        with pytest.raises(SdkError, match=rf'is Emscripten {version}; emroot needs 3\.1\.69 or later'):
            find_sdk(home, root)


@pytest.mark.parametrize('tool', ['clang', 'clang++', 'llvm-ar', 'wasm-ld'])
def test_a_missing_tool_is_named(tmp_path: Path, home: Home, tool: str):
    root = make_fake_sdk(tmp_path)
    (tmp_path / 'llvm' / f'{tool}{EXE}').unlink()
    with pytest.raises(SdkError, match=f'is broken: no {tool.replace("+", ".")} at') as caught:
        find_sdk(home, root)
    assert 'LLVM_ROOT' in caught.value.hint


def test_an_older_llvm_than_the_sdk_needs_is_refused(tmp_path: Path, home: Home):
    root = make_fake_sdk(tmp_path, llvm=18)
    with pytest.raises(SdkError, match=r'needs LLVM 19, but .*clang(\.exe)? is version 18\.0\.0'):
        find_sdk(home, root)


def test_a_clang_that_does_not_run_is_named(tmp_path: Path, home: Home):
    root = make_fake_sdk(tmp_path)
    (tmp_path / 'llvm' / f'clang{EXE}').write_text('#!/no/such/interpreter\n')
    with pytest.raises(SdkError, match=r'is broken: .*clang(\.exe)? does not run'):
        find_sdk(home, root)


def test_an_sdk_without_its_version_is_broken(tmp_path: Path, home: Home):
    with pytest.raises(SdkError, match='no emscripten-version'):
        find_sdk(home, _empty_sdk(tmp_path / 'sdk'))


def test_an_sdk_whose_modules_fail_is_quoted(tmp_path: Path, home: Home):
    root = make_fake_sdk(tmp_path)
    (root / 'tools' / 'shared.py').write_text('raise ImportError("of something that is not there")')
    with pytest.raises(SdkError, match='of something that is not there'):
        find_sdk(home, root)


def test_the_second_look_starts_no_process(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch):
    root = make_fake_sdk(tmp_path)
    first = find_sdk(home, root)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError('a process was started')
    monkeypatch.setattr('subprocess.Popen.__init__', refuse)
    assert find_sdk(home, root) == first


def _change_source(root: Path) -> None:
    (root / 'system' / 'lib' / 'libone' / 'a.c').write_text('another')


def _add_header(root: Path) -> None:
    (root / 'system' / 'include' / 'new.h').write_text('')


def _remove_header(root: Path) -> None:
    (root / 'system' / 'include' / 'stdio.h').unlink()


def _change_tool(root: Path) -> None:
    with open(root / 'tools' / 'system_libs.py', 'a', encoding='utf-8') as f:
        f.write('# changed\n')


def _change_compiler(root: Path) -> None:
    with open(root.parent / 'llvm' / f'clang{EXE}', 'a', encoding='utf-8') as f:
        f.write('# changed\n')


def _other_llvm(root: Path) -> None:
    configure(root, make_fake_llvm(root.parent / 'newer', version=20))


@pytest.mark.parametrize('change', [_change_source, _add_header, _remove_header, _change_tool, _change_compiler, _other_llvm])
def test_whatever_changes_in_it_gives_it_another_digest(tmp_path: Path, home: Home, change: object):
    root = make_fake_sdk(tmp_path)
    before = find_sdk(home, root).digest
    change(root)  # type: ignore[operator]
    assert find_sdk(home, root).digest != before


def test_its_place_is_not_in_its_digest(tmp_path: Path, home: Home):
    one, other = make_fake_sdk(tmp_path / 'one'), make_fake_sdk(tmp_path / 'the other')
    assert find_sdk(home, one).digest == find_sdk(home, other).digest
