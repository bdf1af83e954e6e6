"""Compiles of the toolchain, and what all of its tools have in common: arguments, environment, cache, and what they say."""

from __future__ import annotations

import errno
import os
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.fake_emcc import FakeEmcc

from emroot.bazel import source_archives
from emroot.bazel.toolchain import compile_action, emcc_wrapper
from emroot.bazel.toolchain.action import LONG, read_arguments
from emroot.bazel.toolchain.cache_contents import fill_cache, in_cache, put
from emroot.bazel.toolchain.compile_action import compile_
from emroot.bazel.toolchain.output_packer import pack, unpack

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='what is compared are paths as POSIX writes them')


@pytest.fixture
def emcc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEmcc:
    """Started in the execution root, as Bazel starts its actions."""
    monkeypatch.chdir(tmp_path)
    return FakeEmcc.make(tmp_path)


def test_an_object_has_no_trace_of_where_it_was_compiled(emcc: FakeEmcc) -> None:
    assert compile_(emcc.action(), 'emcc.py', ['-c', 'a.c', '-o', 'a.o']) == 0
    root = emcc.root
    assert emcc.said['words'] == [
        '-c', 'a.c', '-o', 'a.o', f'-ffile-prefix-map={root}/headers=headers', f'-ffile-prefix-map={root}/=',
        f'-ffile-prefix-map={root}=.', f'-resource-dir={root}/clang', f'-ffile-prefix-map={root}/clang=/sdk/lib/clang/21']
    assert emcc.said['environment']['EM_CACHE'] == f'{root}/headers' and emcc.said['cache'] == ['sysroot/include/stdio.h']


def test_a_compile_that_fails_says_why_without_where_it_ran(emcc: FakeEmcc, capsys: pytest.CaptureFixture[str]) -> None:
    emcc.ends(f'{emcc.root}/lib/a.c:1:1: error: odd\n', 5)
    assert compile_(emcc.action(), 'emcc.py', ['-c', 'lib/a.c', '-o', 'a.o']) == 5
    assert capsys.readouterr().err == 'lib/a.c:1:1: error: odd\n'


DEPENDENCIES = 'a.o: a.c {root}/headers/sysroot/include/stdio.h {root}/sdk/emscripten/a.h {root}/lib/b.h\n'


@pytest.mark.parametrize(('where', 'code', 'said'), [
    ('.', 0, 'a.o: a.c lib/b.h\n'), ('below', 0, DEPENDENCIES), ('.', 1, DEPENDENCIES)])
def test_bazel_is_told_what_was_read_as_it_knows_it(emcc: FakeEmcc, monkeypatch: pytest.MonkeyPatch, where: str, code: int,
                                                    said: str) -> None:
    """A tool that is started elsewhere, by a configure script, leaves what it is used to."""
    file = emcc.root / emcc.file('below/a.d', DEPENDENCIES.replace('{root}', str(emcc.root)))
    emcc.ends('', code)
    monkeypatch.chdir(where)
    assert compile_(emcc.action(), 'emcc.py', ['-c', 'a.c', '-MD', '-MF', str(file), '-o', 'a.o']) == code
    assert file.read_text(encoding='utf-8') == said.replace('{root}', str(emcc.root))


@pytest.mark.parametrize('code', [0, 1])
def test_a_header_that_was_parsed_leaves_the_file_that_bazel_wants(emcc: FakeEmcc, code: int) -> None:
    emcc.ends('', code)
    words = ['-fsyntax-only', 'a.h', '-o', 'a.h.processed']
    assert compile_(emcc.action(), 'emcc.py', words) == code and Path('a.h.processed').exists() == (code == 0)
    assert compile_(emcc.action(), 'emcc.py', ['-fsyntax-only', 'a.h']) == code


def test_a_compile_with_a_port_has_its_headers_beside_the_sdks(emcc: FakeEmcc) -> None:
    port = 'bazel-out/k8/bin/zlib/emroot-cache'
    emcc.file(f'{port}/sysroot/include/zlib.h')
    words = ['-c', 'a.c', '-sUSE_ZLIB', '-isystem', f'{port}/sysroot/include', '-o', 'a.o']
    assert compile_(emcc.action(), 'emcc.py', words) == 0
    assert emcc.said['cache'] == ['sysroot/include/stdio.h', 'sysroot/include/zlib.h', 'sysroot_install.stamp']
    assert f'-ffile-prefix-map={emcc.root}/scratch/cache=headers' in emcc.said['words'], 'its objects name the same headers'


@pytest.mark.parametrize('directory', ['third_party/sysroot/include', 'bazel-out/k8/bin/z/emroot-cache/sysroot/include/z'])
def test_other_directories_of_headers_are_no_ports(emcc: FakeEmcc, directory: str) -> None:
    emcc.file(f'{directory}/z.h')
    assert compile_(emcc.action(), 'emcc.py', ['-c', 'a.c', '-sUSE_ZLIB', '-isystem', directory, '-o', 'a.o']) == 0
    assert emcc.said['environment']['EM_CACHE'] == f'{emcc.root}/headers'


def test_a_compile_that_lacks_a_port_says_how_to_have_it(emcc: FakeEmcc, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    """Libraries are no matter of compiles."""
    asked = []

    def ask(root: Path, env: Mapping[str, str], scratch: Path, argv: Sequence[str]) -> dict[str, object]:
        asked.append(list(argv))
        directory = 'sysroot/lib/wasm64-emscripten'
        return {'directory': directory, 'libraries': [['libc', f'{directory}/libc.a']], 'ports': ['zlib'], 'unfetched': [],
                'port_files': [f'{directory}/libz.a']}
    monkeypatch.setattr(compile_action, 'ask', ask)
    words = ['-c', 'a.c', '-m64', '-O2', '-sUSE_ZLIB', '-o', 'a.o']
    for text in ('error: FROZEN_CACHE is set, but zlib is missing\n', 'a.c:1: error: odd\n'):
        emcc.ends(text, 1)
        assert compile_(emcc.action(), 'emcc.py', words) == 1
        said = capsys.readouterr().err
        assert ('needs the port zlib' in said and 'libc' not in said) if 'FROZEN' in text else said == text
    assert asked == [['emcc', 'main.o', '-m64', '-sUSE_ZLIB']]


@pytest.mark.parametrize('option', ['-c', '-S', '-E', '-M', '-MM', '-fsyntax-only', '--precompile'])
def test_what_does_not_link_is_a_compile(emcc: FakeEmcc, option: str) -> None:
    assert emcc_wrapper.main('em++', *emcc.arguments, option, 'a.cc') == 0
    assert emcc.said['program'] == 'em++.py' and emcc.said['words'][:2] == [option, 'a.cc']
    assert emcc.said['environment']['EM_CACHE'] == f'{emcc.root}/headers'
    assert emcc_wrapper.main('em++', *emcc.arguments, 'a.cc', '-o', 'a.js') == 0
    assert emcc.said['environment']['EM_CACHE'] != f'{emcc.root}/headers'


def test_many_arguments_go_into_a_file(emcc: FakeEmcc) -> None:
    action = emcc.action()
    for count in (1, 2):
        words = ['-c', 'a b.c', 'x' * (LONG // 2 * count)]
        assert action.run('emcc.py', words, action.environment(emcc.root / 'headers')).returncode == 0
        given = emcc.said['words']
        assert (given if count == 1 else read_arguments(given)) == words
        assert (given == [f'@{action.scratch}/arguments.rsp']) == (count == 2)


def test_a_configuration_of_its_own_says_itself_what_becomes_of_what_is_missing(emcc: FakeEmcc) -> None:
    action = emcc.action()
    env = action.environment(emcc.root / 'headers', config='load_something()\n')
    text = Path(env['EM_CONFIG']).read_text(encoding='utf-8')
    assert 'EM_FROZEN_CACHE' not in env and 'FROZEN_CACHE' not in text and text.endswith('load_something()\n')


@pytest.mark.parametrize(('blocks', 'files', 'in_memory'), [
    (1 << 20, 1 << 20, True), (1 << 18, 1 << 20, False), (1 << 20, 10, False)])
def test_thousands_of_small_files_lie_in_memory_if_there_is_room(emcc: FakeEmcc, monkeypatch: pytest.MonkeyPatch, blocks: int,
                                                                 files: int, in_memory: bool) -> None:
    memory = emcc.root / 'memory'
    memory.mkdir()
    monkeypatch.setattr(source_archives, 'MEMORY', str(memory))
    monkeypatch.setattr(os, 'statvfs', lambda _: SimpleNamespace(f_bavail=blocks, f_frsize=4096, f_favail=files), raising=False)
    action = emcc.action()
    with action.stack:
        directory = action.in_memory()
        assert directory.is_dir() and (directory.parent == memory) == in_memory and (directory == action.scratch) != in_memory
    assert list(memory.iterdir()) == []


@pytest.mark.parametrize('error', [FileNotFoundError, PermissionError, AttributeError])
def test_without_a_file_system_in_memory_they_lie_where_all_else_does(emcc: FakeEmcc, monkeypatch: pytest.MonkeyPatch,
                                                                      error: type[Exception]) -> None:
    def refuse(_: object) -> None:
        raise error
    monkeypatch.setattr(os, 'statvfs', refuse, raising=False)
    assert emcc.action().in_memory() == emcc.root / 'scratch'


def test_it_knows_whether_it_was_started_in_the_execution_root(emcc: FakeEmcc, monkeypatch: pytest.MonkeyPatch) -> None:
    action = emcc.action()
    assert action.at_root
    monkeypatch.chdir('sdk')
    assert not action.at_root


def test_what_is_there_twice_is_put_there_once(tmp_path: Path) -> None:
    for name in ('one', 'other'):
        (tmp_path / name).write_text(name, encoding='utf-8')
        put(str(tmp_path / name), str(tmp_path / 'target'))
    assert (tmp_path / 'target').read_text(encoding='utf-8') == 'one'
    assert (tmp_path / 'one').read_text(encoding='utf-8') == 'one', 'and nothing is written through it'


@pytest.mark.parametrize('links', [True, False])
def test_a_cache_is_put_together_of_files_and_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
    if not links:
        monkeypatch.setattr(os, 'symlink', refuse)
    given = {'emroot-cache/sysroot/lib/wasm32-emscripten/lto/libc.a': 'c',
             'port/emroot-cache/sysroot/lib/wasm32-emscripten/libz.a': 'z',
             'port/emroot-cache/ports/zlib/.emscripten_url': 'url'}
    for path, text in given.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding='utf-8')
    cache = tmp_path / 'cache'
    for _ in range(2):  # as a link does that adds the headers
        fill_cache(cache, [str(tmp_path / next(iter(given))), str(tmp_path / 'port/emroot-cache')])
    found = {path.relative_to(cache).as_posix(): path.read_text(encoding='utf-8') for path in cache.rglob('*') if path.is_file()}
    assert found == {'sysroot/lib/wasm32-emscripten/lto/libc.a': 'c', 'sysroot/lib/wasm32-emscripten/libz.a': 'z',
                     'ports/zlib/.emscripten_url': 'url', 'sysroot_install.stamp': 'x'}
    assert (cache / 'sysroot' / 'include').is_dir()
    assert {path for path in in_cache(cache) if path.endswith('.a')} == {path for path in found if path.endswith('.a')}
    assert (cache / 'ports/zlib/.emscripten_url').is_symlink() == links


def test_what_is_packed_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    for name, order, age in (('one', 1, 0), ('two', -1, 1000)):
        for path in ['b.js', 'a.wasm', 'below/c.data'][::order]:
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(path, encoding='utf-8')
            os.utime(tmp_path / name / path, (age, age))
        pack(tmp_path / name, tmp_path / f'{name}.tar')
    assert (tmp_path / 'one.tar').read_bytes() == (tmp_path / 'two.tar').read_bytes()
    with tarfile.open(tmp_path / 'one.tar') as tar:
        assert [(entry.name, entry.mode, entry.mtime) for entry in tar] == [
            ('a.wasm', 0o755, 0), ('b.js', 0o755, 0), ('below/c.data', 0o755, 0)]
        unpack(tar, tmp_path / 'unpacked')
    found = {path.relative_to(tmp_path / 'unpacked').as_posix(): path.read_text(encoding='utf-8')
             for path in (tmp_path / 'unpacked').rglob('*') if path.is_file()}
    assert found == {path: path for path in ('a.wasm', 'b.js', 'below/c.data')}


def test_a_compile_asks_about_ports_without_javascript_among_its_inputs(tmp_path: Path) -> None:
    """A link looks whether libraries of JavaScript exist, in `src` or below it."""
    files = {'emcc.py': '', 'tools/link.py': "add_system_js_lib('libpthread_stub.js')", 'tools/ports/zlib.py': '',
             'src/settings.js': 'var A;', 'src/lib/libcore.js': 'core'}
    for name, text in files.items():
        (tmp_path / 'sdk' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'sdk' / name).write_text(text, encoding='utf-8')
    whole = compile_action.with_javascript(tmp_path / 'sdk', tmp_path / 'whole')
    assert {name: (whole / name).read_text(encoding='utf-8') for name in files} == files
    assert (whole / 'src/lib/libpthread_stub.js').is_file() and (whole / 'src/libpthread_stub.js').is_file()
    assert not (tmp_path / 'sdk/src/lib/libpthread_stub.js').exists()
