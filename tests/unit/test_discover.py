"""Finding an SDK, and saying what is wrong with one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake import configure, make_fake_llvm, make_fake_sdk
from support.synthetic_sdk import synthetic_sdk

from emroot.errors import SdkError
from emroot.hashing import digest_file
from emroot.host.home import Home
from emroot.sdk import find_sdk
from emroot.sdk.discovery import candidates, emscripten_root, other_sdks
from emroot.sdk.identity_cache import sdk_python

EXE = '.exe' if os.name == 'nt' else ''


@pytest.fixture(autouse=True)
def _no_sdk_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [n for n in os.environ if n.startswith('EM')]:
        monkeypatch.delenv(name)
    (tmp_path / 'bin').mkdir()
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'))


def _empty_sdk(directory: Path) -> Path:
    directory.mkdir(parents=True)
    (directory / 'emcc.py').write_text('')
    return directory


@pytest.fixture
def everywhere(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Path]]:
    """An SDK in every location where one can be."""
    directories = {how: _empty_sdk(tmp_path / how / 'emscripten') for how in ('explicit', 'EMSDK', 'EMSCRIPTEN_ROOT', 'PATH')}
    monkeypatch.setenv('EMSDK', str(tmp_path / 'EMSDK'))
    monkeypatch.setenv('EMSCRIPTEN_ROOT', str(directories['EMSCRIPTEN_ROOT']))
    if os.name == 'nt':
        (directories['PATH'] / 'emcc.bat').write_text('@rem\n')
        monkeypatch.setenv('PATH', str(directories['PATH']))
    else:
        (directories['PATH'] / 'emcc').write_text('#!/bin/sh\n')
        (directories['PATH'] / 'emcc').chmod(0o755)
        (tmp_path / 'bin' / 'emcc').symlink_to(directories['PATH'] / 'emcc')
    directories['installed'] = _empty_sdk(home.sdks / '6.0.5-debian' / 'usr' / 'share' / 'emscripten')
    yield directories


def test_the_order_is_that_of_the_contract(everywhere: dict[str, Path], home: Home):
    found = list(candidates(home, everywhere['explicit']))
    assert [c.how for c in found] == ['explicit', 'EMSDK', 'EMSCRIPTEN_ROOT', 'PATH', 'installed']
    assert [c.root for c in found] == list(everywhere.values())


def _program(path: Path, text: str = '#!/bin/sh\n') -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')
    path.chmod(0o755)
    return path


@pytest.mark.skipif(os.name == 'nt', reason='compiler caches stand in for compilers by links, which Windows has no use for')
@pytest.mark.parametrize('config', ['', '#!/bin/sh\n', '#!/bin/sh\necho /nowhere\n', '#!/no/such/interpreter\n'])
def test_an_emcc_on_path_that_leads_to_no_sdk_is_passed_over(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch,
                                                             config: str):
    """A compiler cache's link to itself, or a script; an `em-config` of the same kind may lie with it."""
    cache = _program(tmp_path / 'ccache')
    (tmp_path / 'bin' / 'emcc').symlink_to(cache)
    if config:
        _program(tmp_path / 'bin' / 'em-config', config)
    monkeypatch.setenv('PATH', f'{tmp_path / "bin"}::{tmp_path / "sdk"}')
    with pytest.raises(SdkError, match=f'behind {tmp_path / "bin" / "emcc"}'):
        find_sdk(home)
    _program(_empty_sdk(tmp_path / 'sdk') / 'emcc')
    assert [(c.how, c.root) for c in candidates(home)] == [('PATH', tmp_path / 'sdk')]


@pytest.mark.skipif(os.name == 'nt', reason='links need a privilege on Windows')
@pytest.mark.parametrize('link', ['root', 'above'])
def test_an_sdk_is_the_same_one_through_a_link(tmp_path: Path, home: Home, link: str):
    """What belongs to it lies above its root: what an installation had to adapt, the Python of an emsdk."""
    root = make_fake_sdk(tmp_path / 'sdk' / 'upstream')
    (tmp_path / 'sdk' / 'emroot-sdk.json').write_text(
        json.dumps({'pristine': {digest_file(root / 'emcc.py'): 'of what was shipped'}}), encoding='utf-8')
    python = tmp_path / 'sdk' / 'python' / '3' / 'bin' / 'python3'
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / 'link').symlink_to(root if link == 'root' else tmp_path / 'sdk')
    assert find_sdk(home, tmp_path / 'link') == find_sdk(home, root)
    assert find_sdk(home, root).python == (str(python),)


def test_of_several_that_are_installed_the_others_are_known(home: Home):
    for age, version in enumerate(('3.1.69', '6.0.5', '6.0.4')):
        root = _empty_sdk(home.sdks / version / 'usr' / 'share' / 'emscripten')
        (root / 'emscripten-version.txt').write_text(f'"{version}"\n', encoding='utf-8')
        os.utime(home.sdks / version, (age, age))
    chosen, *_ = (c.root for c in candidates(home))
    assert chosen == home.sdks / '6.0.4' / 'usr' / 'share' / 'emscripten'
    assert [version for version, _ in other_sdks(home, synthetic_sdk(root=chosen))] == ['6.0.5', '3.1.69']


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
    for directory in ('--sdk', 'EMSDK', 'EMSCRIPTEN_ROOT', 'PATH'):
        assert directory in caught.value.message
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


@pytest.mark.parametrize('llvm', [18, 20])
def test_another_llvm_than_the_sdk_is_made_for_is_doubted_and_used_as_emcc_does(tmp_path: Path, home: Home, llvm: int):
    sdk = find_sdk(home, make_fake_sdk(tmp_path, llvm=llvm))
    assert sdk.llvm_version == f'{llvm}.0.0'
    assert 'is made for LLVM 19, but ' in sdk.doubt and f'is LLVM {llvm}.0.0' in sdk.doubt
    assert find_sdk(home, make_fake_sdk(tmp_path / 'right')).doubt == ''


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


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere paths are UTF-8, whatever the locale')
def test_a_path_is_the_same_where_the_file_system_encoding_is_not_utf8(tmp_path: Path, home: Home):
    """LC_ALL=C in a Python that was told not to make UTF-8 of it: the SDK's Python takes it for UTF-8 again."""
    root = make_fake_sdk(tmp_path / 'lib é')
    plain = {name: value for name, value in os.environ.items() if not name.startswith(('LC_', 'LANG', 'PYTHON'))}
    odd = {**plain, 'LC_ALL': 'C', 'PYTHONCOERCECLOCALE': '0', 'PYTHONUTF8': '0', 'PYTHONPATH': os.pathsep.join(sys.path)}
    program = ('import os, sys; from emroot.host.home import Home; from emroot.sdk import find_sdk; from pathlib import Path\n'
               'sdk = find_sdk(Home(Path(sys.argv[1])), sys.argv[2])\n'
               'sys.stdout.buffer.write(os.fsencode(f"{sys.getfilesystemencoding()} {sdk.digest} {sdk.llvm_root}"))\n')
    for _ in 'examined', 'remembered':
        said = subprocess.run([sys.executable, '-c', program, str(home.root), str(root)], env=odd, check=True,
                              stdout=subprocess.PIPE).stdout
        assert said == f'ascii {find_sdk(home, root).digest} {tmp_path / "lib é" / "llvm"}'.encode()
