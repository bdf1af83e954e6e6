"""What the toolchain's driver does around the SDK's programs: no SDK is needed to see it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from emroot.bazel.repositories import port_repository, repository_fetch
from emroot.bazel.sdk_layout import mapped
from emroot.bazel.toolchain import emcc_wrapper, program_runner
from emroot.bazel.toolchain.action import LONG, Action, read_arguments
from emroot.bazel.toolchain.compile_action import relative_dependencies
from emroot.bazel.toolchain.link_action import for_tests, in_named_format, name_sources
from emroot.bazel.toolchain.output_packer import pack


def dependencies(text: str, tmp_path: Path, own: list[str]) -> str:
    """What a dependency file says, seen from an execution root called /root/_main."""
    file = tmp_path / 'x.d'
    file.write_text(text, encoding='utf-8')
    relative_dependencies(file, Path('/root/_main'), own)
    return file.read_text(encoding='utf-8')


def test_headers_of_others_stay_in_a_dependency_file(tmp_path: Path) -> None:
    said = 'out/x.o: x.c ../dep~/include/dep.h \\\n  /root/_main/bazel-out/y.h /opt/stray.h ../dep~/two\\ words.h\n'
    assert dependencies(said, tmp_path, ['external/sdk']) == (
        'out/x.o: x.c ../dep~/include/dep.h bazel-out/y.h /opt/stray.h ../dep~/two\\ words.h\n')


def test_the_toolchains_headers_are_left_out(tmp_path: Path) -> None:
    own = ['bazel-out/cfg/headers', '../sdk', '/opt/llvm/lib/clang/21']
    said = ('x.o: x.c /root/_main/bazel-out/cfg/headers/sysroot/include/stdio.h ../sdk/emscripten/system/a.h '
            '/opt/llvm/lib/clang/21/include/stddef.h /opt/llvm/lib/clang/210/other.h\n')
    assert dependencies(said, tmp_path, own) == 'x.o: x.c /opt/llvm/lib/clang/210/other.h\n'


@pytest.mark.parametrize('target', ['C:/out/x.o', 'C:\\out\\x.o', 'out/x.o'])
def test_the_colon_of_a_drive_ends_no_target(tmp_path: Path, target: str) -> None:
    assert dependencies(f'{target}: x.c /root/_main/y.h\n', tmp_path, ['sdk']) == f'{target}: x.c y.h\n'


def action(tmp_path: Path, *, debug: bool = False) -> Action:
    """An action with an SDK that is no more than a description."""
    (tmp_path / 'sdk.json').write_text(json.dumps(
        {'version': '1', 'root': '/sdk', 'resource_dir': '/sdk/21', 'tools': {'clang': 'clang'}, 'node': '', 'config': {}}))
    return Action.of(str(tmp_path), 'sdk.json', 'headers', 'clang/include', '-', scratch=tmp_path, debug=debug)


@pytest.mark.parametrize('name', [
    'EM_CONFIG', 'EM_COMPILER_WRAPPER', 'EMCC_CFLAGS', 'EMCC_DEBUG', 'EMSDK_PYTHON', 'EMSDK', 'CPATH', 'PYTHONPATH',
    'CCC_OVERRIDE_OPTIONS', 'LIBRARY_PATH', 'EMROOT_HOME', '_EMCC_CCACHE', 'PWD'])
def test_nothing_of_the_shell_reaches_emcc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, 'stray')
    assert 'stray' not in action(tmp_path).environment(tmp_path / 'cache').values()


def test_emcc_debug_is_a_feature(tmp_path: Path) -> None:
    assert 'EMCC_DEBUG' not in action(tmp_path).environment(tmp_path / 'cache')
    assert action(tmp_path, debug=True).environment(tmp_path / 'cache')['EMCC_DEBUG'] == '1'


def test_arguments_in_files_are_read_and_long_ones_are_written_to_one(tmp_path: Path) -> None:
    words = ['-o', 'a b', "it's", '$x', 'back\\slash', *(f'lib{n}.a' for n in range(2000))]
    assert sum(map(len, words)) > LONG
    [named] = action(tmp_path).in_file(words)
    assert read_arguments(['first', named, '@not-there']) == ['first', *words, '@not-there']


@pytest.mark.parametrize(('words', 'added'), [
    (['a.o'], ['-sEXIT_RUNTIME', '-sNODERAWFS']),
    (['a.o', '-sENVIRONMENT=web,node'], ['-sEXIT_RUNTIME', '-sNODERAWFS']),
    (['a.o', '-sENVIRONMENT=web'], ['-sEXIT_RUNTIME']),
    (['a.o', '--preload-file', 'x'], ['-sEXIT_RUNTIME']),
    (['a.o', '--oformat=js', '--oformat=html'], ['-sEXIT_RUNTIME']),
    (['a.o', '-sWASMFS'], ['-sEXIT_RUNTIME']),
])
def test_a_test_has_the_systems_files_unless_it_has_its_own(words: list[str], added: list[str]) -> None:
    assert for_tests([*words, '--emroot-test']) == [*added, *words], 'what it says itself comes later, and counts'
    assert for_tests(words) == words


@pytest.mark.parametrize(('words', 'kept'), [
    ('a.o -o a.js', True), ('a.o -o a', True), ('a.o', True), ('a.o -o', True),
    ('a.o -o a.html', False), ('-o a.mjs a.o', False), ('a.o -o a.wasm', False), ('-sSIDE_MODULE=1 a.o -o a.so', False),
])
def test_a_link_of_another_build_system_has_the_format_of_its_outputs_name(words: str, kept: bool) -> None:
    assert in_named_format(['--oformat=js', *words.split()]) == ['--oformat=js'] * kept + words.split()


@pytest.mark.skipif(os.name == 'nt', reason='a script stands for a program')
def test_llvms_tools_are_started_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = action(tmp_path).sdk
    tool = sdk.tools['clang'].with_name('llvm-ar')
    tool.parent.mkdir(parents=True)
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\nexit 3\n', encoding='utf-8')
    tool.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'x.params').write_text('rcsD\nx.a\nx.o\n', encoding='utf-8')
    assert emcc_wrapper.main('emar', str(tmp_path), 'sdk.json', 'headers', 'clang/include', '-', '@x.params') == 3
    assert (tmp_path / 'said').read_text(encoding='utf-8') == 'rcsD x.a x.o\n'


@pytest.mark.parametrize('name', [
    'EM_CONFIG', 'EMCC_CORES', 'EMSDK', 'EMSDK_PYTHON', 'EMSDK_NODE', 'EMSCRIPTEN_ROOT', 'EMROOT_BASE', 'CPATH', 'PYTHONHOME'])
def test_nothing_of_the_shell_stays_in_a_repository(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(os, 'environ', {'PATH': '/bin', 'HOME': '/h', name: 'stray'})
    repository_fetch.forget_the_shell()
    assert dict(os.environ) == {'PATH': '/bin', 'HOME': '/h'}


def started(tmp_path: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """What happens when a packed program is started by a link to it, with a program that says its arguments for Node."""
    made, out, node = tmp_path / 'made', tmp_path / 'bin/out', tmp_path / 'sdk/no de'
    says = '#!/bin/sh\necho "${1##*/}, $2" `wc -l <"$1"`\nexit 7\n'
    for path, text in {**{made / name: 'let a;\n' * 1000 for name in names}, node: says, out: ''}.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding='utf-8')
    node.chmod(0o755)
    pack(made, out, node)
    out.chmod(0o755)
    with tarfile.open(out) as tar:
        assert tar.getnames() == sorted(names)
    (tmp_path / 'link').symlink_to(out)
    return subprocess.run([tmp_path / 'link', 'an argument'], capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.name == 'nt', reason='a script')
def test_what_a_link_leaves_is_a_program_if_it_is_started(tmp_path: Path) -> None:
    done = started(tmp_path, "it's.js", "it's.wasm")
    assert (done.returncode, done.stdout, done.stderr) == (7, "it's.js, an argument 1000\n", '')


@pytest.mark.skipif(os.name == 'nt', reason='a script')
def test_what_a_link_leaves_says_what_it_is_if_it_is_no_program(tmp_path: Path) -> None:
    done = started(tmp_path, 'a.wasm')
    assert (done.returncode, done.stdout) == (126, '')
    assert 'this is a tar' in done.stderr


def test_source_maps_name_sources_as_they_lie_in_the_workspace(tmp_path: Path) -> None:
    here, file = tmp_path / 'sandbox/_main', tmp_path / 'scratch/made/x.wasm.map'
    file.parent.mkdir(parents=True)
    names = ['../../sandbox/_main/lib/main.c', '/emsdk/emscripten/system/lib/al.c', '../../sandbox/_main/external/other~/o.c']
    file.write_text(json.dumps({'version': 3, 'sources': names, 'mappings': 'AAAA'}), encoding='utf-8')
    name_sources(file, here)
    assert json.loads(file.read_text(encoding='utf-8')) == {
        'version': 3, 'sources': ['lib/main.c', '/emsdk/emscripten/system/lib/al.c', 'external/other~/o.c'], 'mappings': 'AAAA'}


def test_outputs_are_found_where_path_mapping_put_them(tmp_path: Path) -> None:
    assert mapped('bazel-out/k8-opt/bin/headers', tmp_path) == 'bazel-out/cfg/bin/headers'
    (tmp_path / 'bazel-out/k8-opt/bin/headers').mkdir(parents=True)
    assert mapped('bazel-out/k8-opt/bin/headers', tmp_path) == 'bazel-out/k8-opt/bin/headers'
    assert mapped('external/sdk/sdk.json', tmp_path) == 'external/sdk/sdk.json'


def test_preloaded_data_lies_where_the_program_is_started_and_so_does_all_else(tmp_path: Path) -> None:
    here, data = tmp_path / 'runfiles/_main', tmp_path / 'program/pre.data'
    own, its = here / 'own.txt', tmp_path / 'runfiles/other~/its.txt'
    for file in (own, here / 'pre.data', its, data):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(file), encoding='utf-8')
    there = program_runner.with_files(here, [data], tmp_path / 'copy')
    for path, file in {'own.txt': own, 'pre.data': data, '../other~/its.txt': its}.items():
        assert (there / path).read_text(encoding='utf-8') == str(file)


def test_downloads_are_known_by_what_the_port_says_of_them() -> None:
    digest = '00ff' * 32
    assert port_repository.integrity(digest) == 'sha512-' + base64.b64encode(b'\x00\xff' * 32).decode()
    assert port_repository.integrity('') == ''
