"""What the command line says of SDKs: which one is used, which others there are, and what is doubtful about it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support.fake import make_fake_sdk, make_program
from support.running import Emroot

_NODE = '#!/bin/sh\necho v{}\n'


def test_a_compiler_of_another_llvm_is_warned_of_once_and_shown_whenever_asked(tmp_path: Path):
    emroot = Emroot(tmp_path / 'home', make_fake_sdk(tmp_path, llvm=18))
    first, second = (emroot('build', '--targets', target) for target in ('libone', 'libcxx'))
    assert (first.code, second.code) == (0, 0)
    assert first.err.count('made for LLVM 19') == 1 and 'made for' not in second.err + first.out + second.out
    assert 'is made for LLVM 19, but' in emroot('sdk', 'show').out
    assert 'note  Emscripten 9.9.9 at' in emroot('doctor').out
    make_fake_sdk(tmp_path / 'right')
    assert 'made for' not in emroot('sdk', 'show', '--sdk', tmp_path / 'right' / 'emscripten').out


def test_of_several_installed_the_others_are_named_with_how_to_choose(tmp_path: Path):
    emroot = Emroot(tmp_path / 'home')
    made = make_fake_sdk(tmp_path)
    roots = {}
    for version in ('6.0.4', '9.9.9'):
        roots[version] = tmp_path / 'home' / 'sdk' / version / 'emscripten'
        shutil.copytree(made, roots[version])
        (roots[version] / 'emscripten-version.txt').write_text(f'"{version}"\n', encoding='utf-8')
    shown = emroot('sdk', 'show', env={'PATH': ''}).out
    assert f'root        {roots["9.9.9"]}' in shown and f'  6.0.4     {roots["6.0.4"]}' in shown
    assert '--sdk PATH' in shown and 'emroot.toml' in shown
    assert f'  9.9.9     {roots["9.9.9"]}' in emroot('sdk', 'show', '--sdk', roots['6.0.4']).out


def test_installing_what_is_there_says_if_another_one_is_in_use(tmp_path: Path):
    emroot = Emroot(tmp_path / 'home')
    made = make_fake_sdk(tmp_path)
    for version in ('9.9.9', '9.9.10'):
        directory = tmp_path / 'home' / 'sdk' / version
        shutil.copytree(made, directory / 'emscripten')
        (directory / 'emscripten' / 'emscripten-version.txt').write_text(f'"{version}"\n', encoding='utf-8')
        (directory / 'emroot-sdk.json').write_text(f'{{"provider": "emsdk", "version": "{version}"}}', encoding='utf-8')
    ran = emroot('sdk', 'install', '--version', '9.9.9', env={'PATH': ''})
    assert ran.code == 0 and 'Emscripten 9.9.9 is at' in ran.out
    assert f'note: the SDK in use is {tmp_path / "home" / "sdk" / "9.9.10" / "emscripten"} (installed)' in ran.err
    assert 'in use' not in emroot('sdk', 'install', '--version', '9.9.10', env={'PATH': ''}).err


def test_what_is_installed_and_does_not_work_is_to_be_deleted_first(tmp_path: Path):
    """Installing it again would find it there."""
    emroot, directory = Emroot(tmp_path / 'home'), tmp_path / 'home' / 'sdk' / '9.9.9'
    make_fake_sdk(directory)
    (directory / 'emroot-sdk.json').write_text('{"provider": "emsdk", "version": "9.9.9"}', encoding='utf-8')
    assert emroot('sdk', 'install', '--version', '9.9.9').code == 0
    shutil.rmtree(directory / 'llvm')
    ran = emroot('sdk', 'install', '--version', '9.9.9')
    assert ran.code == 3 and f'no clang at {directory}' in ran.err and f'hint: delete {directory} and run' in ran.err


@pytest.fixture
def with_node(tmp_path: Path) -> Emroot:
    """An SDK whose Node is 24.19, in a directory of its own."""
    if os.name == 'nt':
        pytest.skip('programs that are scripts of a shell')
    root = make_fake_sdk(tmp_path)
    (tmp_path / 'own').mkdir()
    node = make_program(tmp_path / 'own' / 'node', _NODE.format('24.19.0'))
    with open(root / '.emscripten', 'a', encoding='utf-8') as f:
        f.write(f'NODE_JS = [{str(node)!r}]\n')
    return Emroot(tmp_path / 'home', root)


def test_without_a_node_on_path_the_sdks_is_there(with_node: Emroot, tmp_path: Path):
    (tmp_path / 'bin').mkdir()
    nowhere = {'PATH': str(tmp_path / 'bin')}
    ran = with_node('run', '--', 'node', '--version', env=nowhere)
    assert (ran.code, ran.out) == (0, 'v24.19.0\n')
    path = with_node('env', '--json', '--targets', 'libone', env=nowhere).json['PATH']
    assert path.split(os.pathsep)[1:] == [str(tmp_path / 'bin'), str(tmp_path / 'own')]
    assert f'`emroot env` and `emroot run` add {tmp_path / "own" / "node"}' in with_node('doctor', env=nowhere).out


@pytest.mark.parametrize(('version', 'said'), [('20.20.2', 'note  `node` on PATH is Node 20.20.2'),
                                              ('25.0.0', 'ok    `node` on PATH is')])
def test_a_node_on_path_stays_what_node_is_and_doctor_looks_at_it(with_node: Emroot, tmp_path: Path, version: str, said: str):
    (tmp_path / 'bin').mkdir()
    make_program(tmp_path / 'bin' / 'node', _NODE.format(version))
    theirs = {'PATH': str(tmp_path / 'bin')}
    assert with_node('run', '--', 'node', '--version', env=theirs).out == f'v{version}\n'
    assert said in with_node('doctor', env=theirs).out
    assert with_node('sdk', 'node', env=theirs).out == f'{tmp_path / "own" / "node"}\n'
    assert with_node('sdk', 'node', '--json', env=theirs).json == {'node': str(tmp_path / 'own' / 'node'), 'version': '24.19.0'}


def test_an_sdk_with_an_old_node_has_that_of_the_home_on_path(with_node: Emroot, tmp_path: Path):
    make_program(tmp_path / 'own' / 'node', _NODE.format('18.0.0'))
    kept = tmp_path / 'home' / 'node' / '24.1.0' / 'bin' / 'node'
    kept.parent.mkdir(parents=True)
    make_program(kept, _NODE.format('24.1.0'))
    (tmp_path / 'bin').mkdir()
    assert with_node('run', '--', 'node', '--version', env={'PATH': str(tmp_path / 'bin')}).out == 'v24.1.0\n'
