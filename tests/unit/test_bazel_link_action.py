"""Links of the toolchain: what emcc is given, what Bazel gets, and what is said."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.fake_emcc import FakeEmcc

from emroot.bazel.toolchain import emcc_wrapper, link_action
from emroot.bazel.toolchain.action import Action
from emroot.bazel.toolchain.link_action import LAZY, PORT, SHARED, link

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='what is compared are paths as POSIX writes them')
LIBRARY = 'bazel-out/k8/bin/emroot-cache/sysroot/lib/wasm32-emscripten'


@pytest.fixture
def emcc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEmcc:
    """Started in the execution root, as Bazel starts its actions."""
    monkeypatch.chdir(tmp_path)
    return FakeEmcc.make(tmp_path)


def packed(file: Path) -> dict[str, str]:
    """The files in what a link leaves."""
    with tarfile.open(file) as tar:
        found = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        return {name: content.read().decode() for name, content in found.items() if content}


@pytest.mark.parametrize(('words', 'made'), [
    ([], 'app.js'), (['--oformat=js'], 'app.js'), (['--oformat=html'], 'app.html'), (['--oformat=mjs'], 'app.mjs'),
    (['--oformat=wasm'], 'app.wasm'), (['--oformat=bare'], 'app.wasm'), (['--oformat=html', '--oformat=mjs'], 'app.mjs'),
    (['--oformat=other'], 'app.js'), (['-sSIDE_MODULE', '--oformat=html'], 'app.wasm'), (['-sSIDE_MODULE=2'], 'app.wasm'),
    (['-sSIDE_MODULE=0', '--oformat=html'], 'app.html'),
], ids=str)
def test_what_a_link_leaves_becomes_one_file_in_the_format_asked_for(emcc: FakeEmcc, words: list[str], made: str) -> None:
    assert link(emcc.action(packs=True), 'em++.py', ['a.o', *words, '-o', 'app', '-O2']) == 0
    assert packed(Path('app')).keys() == {made, 'app.wasm'}
    side = '-sSIDE_MODULE' in words  # which has no JavaScript to be written in any format
    assert emcc.said['words'] == ['a.o', *(word for word in words if not side or not word.startswith('--oformat')), '-O2', '-o',
                                  str(emcc.root / 'scratch' / 'made' / made)]


@pytest.mark.parametrize(('out', 'stem'), [('bin/libapp.so', 'libapp'), ('bin/app.js', 'app'), ('bin/my.app.v2', 'my.app.v2')])
def test_a_program_is_called_as_its_target_without_what_says_its_kind(emcc: FakeEmcc, out: str, stem: str) -> None:
    (emcc.root / 'bin').mkdir()
    assert link(emcc.action(packs=True), 'em++.py', ['a.o', '-o', out]) == 0
    assert packed(Path(out)).keys() == {f'{stem}.js', f'{stem}.wasm'}


def test_libraries_and_ports_among_the_inputs_are_all_that_is_in_its_cache(emcc: FakeEmcc) -> None:
    inputs = [emcc.file(f'{LIBRARY}/libc.a'), emcc.file('external/sdk/shipped/sysroot/lib/wasm32-emscripten/crt1.o.a')]
    port = 'bazel-out/k8/bin/zlib/emroot-cache'
    for path in ('sysroot/lib/wasm32-emscripten/libz.a', 'ports/zlib/.emscripten_url', 'sysroot/include/zlib.h'):
        emcc.file(f'{port}/{path}')
    assert link(emcc.action(packs=True), 'em++.py', ['a.o', *inputs, f'{PORT}{port}', 'libown.a', '-o', 'app']) == 0
    assert emcc.said['cache'] == ['ports/zlib/.emscripten_url', 'sysroot/include/zlib.h', 'sysroot/lib/wasm32-emscripten/crt1.o',
                                  'sysroot/lib/wasm32-emscripten/libc.a', 'sysroot/lib/wasm32-emscripten/libz.a',
                                  'sysroot_install.stamp']
    assert emcc.said['words'][:-2] == ['a.o', 'libown.a']


def test_it_has_a_configuration_and_a_cache_of_its_own_and_takes_nothing_else(emcc: FakeEmcc) -> None:
    link(emcc.action(packs=True), 'em++.py', ['a.o', '-o', 'app'])
    scratch, env = str(emcc.root / 'scratch'), emcc.said['environment']
    assert {'EM_CACHE': f'{scratch}/cache', 'EM_CONFIG': f'{scratch}/emscripten.config', 'EM_FROZEN_CACHE': '1', 'LC_ALL': 'C',
            'TMPDIR': scratch, 'TEMP': scratch, 'TMP': scratch, 'PYTHONHASHSEED': '0',
            'PYTHONDONTWRITEBYTECODE': '1'}.items() <= env.items()
    settings: dict[str, object] = {}
    exec(emcc.said['config'], settings)  # noqa: S102  # as emcc does
    assert settings['CACHE'] == f'{scratch}/cache' and settings['FROZEN_CACHE'] is True
    assert settings['LLVM_ROOT'] == str(emcc.root / 'sdk/llvm/bin')


@pytest.mark.parametrize(('words', 'program'), [(['-sDEFAULT_TO_CXX=0'], 'emcc.py'), ([], 'em++.py')])
def test_a_program_in_c_is_linked_by_emcc(emcc: FakeEmcc, words: list[str], program: str) -> None:
    link(emcc.action(packs=True), 'em++.py', ['a.o', *words, '-o', 'app'])
    assert emcc.said['program'] == program


@pytest.mark.parametrize('packs', [True, False])
def test_a_link_that_fails_leaves_nothing_and_says_why_without_where_it_ran(
        emcc: FakeEmcc, capsys: pytest.CaptureFixture[str], packs: bool) -> None:
    emcc.ends(f'wasm-ld: error: {emcc.root}/lib/a.o: undefined symbol: f', 7)
    assert link(emcc.action(packs=packs), 'em++.py', ['lib/a.o', '-o', 'app']) == 7
    assert not Path('app').exists()
    assert capsys.readouterr().err == 'wasm-ld: error: lib/a.o: undefined symbol: f\n'


def test_warnings_of_a_link_are_said(emcc: FakeEmcc, capsys: pytest.CaptureFixture[str]) -> None:
    for said, expected in (('warning: odd\n', 'warning: odd\n'), (' \n', ''), ('', '')):
        emcc.ends(said, 0)
        assert link(emcc.action(), 'em++.py', ['a.o', '-o', 'app']) == 0
        assert capsys.readouterr().err == expected


def test_source_maps_name_the_sources_of_the_workspace(emcc: FakeEmcc) -> None:
    assert link(emcc.action(packs=True), 'em++.py', ['a.o', '-gsource-map', '-o', 'app']) == 0
    assert json.loads(packed(Path('app'))['app.wasm.map'])['sources'] == ['main.c']


def test_a_link_of_somebody_elses_writes_what_it_was_told_and_has_the_headers(emcc: FakeEmcc) -> None:
    """A configure script compiles and links at once."""
    assert link(emcc.action(), 'emcc.py', ['main.c', emcc.file(f'{LIBRARY}/libc.a'), '-o', 'app.js']) == 0
    assert emcc.said['words'] == ['main.c', '-o', 'app.js'] and Path('app.wasm').exists()
    assert emcc.said['cache'] == ['sysroot/include/stdio.h', 'sysroot/lib/wasm32-emscripten/libc.a', 'sysroot_install.stamp']


def test_headers_of_ports_and_of_the_sdk_are_one_directory(emcc: FakeEmcc) -> None:
    port = 'bazel-out/k8/bin/zlib/emroot-cache'
    emcc.file(f'{port}/sysroot/include/zlib.h')
    assert link(emcc.action(), 'emcc.py', ['main.c', f'{PORT}{port}', '-o', 'app.js']) == 0
    assert emcc.said['cache'] == ['sysroot/include/stdio.h', 'sysroot/include/zlib.h', 'sysroot_install.stamp']


def test_a_shared_library_is_no_program_and_is_not_packed(emcc: FakeEmcc) -> None:
    assert link(emcc.action(packs=True), 'em++.py', ['a.o', SHARED, '--oformat=js', '-o', 'liba.so']) == 0
    assert emcc.said['words'] == ['-shared', 'a.o', '-o', 'liba.so', '-sFAKE_DYLIBS']
    assert Path('liba.so').read_text(encoding='utf-8') == 'made by em++.py'


def test_a_link_that_lacks_what_nobody_can_make_says_what_emcc_says(emcc: FakeEmcc, capsys: pytest.CaptureFixture[str]) -> None:
    emcc.ends('emcc: error: FROZEN_CACHE is set, but cache file is missing: libal.a\n', 1)
    assert link(emcc.action(packs=True), 'em++.py', ['a.o', '-lal', '-o', 'app']) == 1
    assert 'cache file is missing: libal.a' in capsys.readouterr().err


class _Made:
    """Stands for making libraries out of sources."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: list[list[str]] = []
        monkeypatch.setattr(link_action, 'make_and_run', self.run)

    def run(self, action: Action, program: str, words: Sequence[str], cache: Path) -> subprocess.CompletedProcess[bytes]:
        self.given.append([program, *words])
        (action.scratch / 'made.json').write_text('{"missing": ["wasm32/libal"], "compiled": 3}\n', encoding='utf-8')
        return subprocess.CompletedProcess([], 4, b'', b'said while it was made\n')


@pytest.mark.parametrize('packs', [True, False])
def test_a_link_that_lacks_libraries_makes_them_and_says_so_where_nobody_reads_it_for_a_warning(
        emcc: FakeEmcc, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], packs: bool) -> None:
    made = _Made(monkeypatch)
    emcc.ends('emcc: error: FROZEN_CACHE is set, but cache file is missing: libal.a\n', 1)
    action = emcc.action(packs=packs, sources=emcc.file('sources.zip'))
    assert link(action, 'em++.py', ['a.o', '-lal', '-o', 'app']) == 4
    assert [words[:3] for words in made.given] == [['em++.py', 'a.o', '-lal']]
    said = capsys.readouterr().err
    assert said.endswith('said while it was made\n') and 'cache file is missing' not in said
    assert ('this link compiled 3 objects' in said) == packs


def test_other_failures_make_no_libraries(emcc: FakeEmcc, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _Made(monkeypatch)
    emcc.ends('wasm-ld: error: undefined symbol: f\n', 1)
    assert link(emcc.action(sources=emcc.file('sources.zip')), 'em++.py', ['a.o', '-o', 'app']) == 1
    assert made.given == []


@pytest.mark.parametrize(('words', 'sources', 'lazily'), [
    ([LAZY], True, True), ([], True, False), ([LAZY], False, False), ([LAZY, '-sUSE_ZLIB'], True, False)], ids=str)
def test_a_lazy_link_asks_for_no_whole_library_first_if_it_can_make_what_it_loads(
        emcc: FakeEmcc, monkeypatch: pytest.MonkeyPatch, words: list[str], sources: bool, lazily: bool) -> None:
    made = _Made(monkeypatch)
    link(emcc.action(sources=emcc.file('sources.zip') if sources else '-'), 'em++.py', ['a.o', *words, '-o', 'app'])
    assert bool(made.given) == lazily and bool(emcc.said) != lazily
    assert LAZY not in [*(made.given or [[]])[0], *emcc.said.get('words', [])]


def test_a_link_by_the_wrapper_is_packed_if_it_is_bazels(emcc: FakeEmcc) -> None:
    assert emcc_wrapper.main('em++', *emcc.arguments, 'a.o', '-o', 'app', '--emroot-pack', '--emroot-debug') == 0
    assert packed(Path('app')) == {'app.js': 'made by em++.py', 'app.wasm': 'made by em++.py'}
    assert emcc.said['environment']['EMCC_DEBUG'] == '1' \
        and not {'--emroot-debug', '--emroot-pack'} & {*emcc.said['words']}
    assert emcc_wrapper.main('emcc', *emcc.arguments, '--version') == 0
    assert (emcc.said['program'], emcc.said['words']) == ('emcc.py', ['--version'])
    assert 'EMCC_DEBUG' not in emcc.said['environment']


@pytest.mark.parametrize('code', [0, 3])
def test_a_packed_program_is_stripped_inside(emcc: FakeEmcc, code: int) -> None:
    assert emcc_wrapper.main('em++', *emcc.arguments, 'a.o', '-o', 'app', '--emroot-pack') == 0
    emcc.ends('', code)
    assert emcc_wrapper.main('emstrip', *emcc.arguments, '-p', '-o', 'stripped', '-g', 'app') == code
    assert emcc.said['program'] == 'emstrip.py' and emcc.said['words'][:-1] == ['-p', '-g']
    if code == 0:
        assert packed(Path('stripped')) == {'app.js': 'made by em++.py', 'app.wasm': 'made by em++.py, stripped'}
    assert Path('stripped').exists() == (code == 0)


def test_an_output_format_may_be_two_words(emcc: FakeEmcc) -> None:
    assert link(emcc.action(packs=True), 'em++.py', ['a.o', '--oformat=js', '-o', 'app', '--oformat', 'mjs']) == 0
    assert 'app.mjs' in packed(Path('app'))
