"""Links and their answers: what is asked of the SDK, when it is asked again, and what comes of a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.synthetic_sdk import synthetic_sdk

from emroot.errors import SdkError, UsageError
from emroot.hashing import digest_bytes
from emroot.host.home import Home
from emroot.libraries import resolution as module
from emroot.libraries.catalogue import Catalogue
from emroot.libraries.resolution import mode_of_directory, resolve
from emroot.modes import Mode, all_modes

ANSWER: dict[str, Any] = {
    'directory': 'sysroot/lib/wasm64-emscripten/thinlto', 'linked': True,
    'libraries': [['libc', 'sysroot/lib/wasm64-emscripten/thinlto/libc.a'],
                  ['crt1', 'sysroot/lib/wasm64-emscripten/thinlto/crt1.o']],
    'port_files': ['sysroot/lib/wasm64-emscripten/thinlto/libz.a'], 'ports': ['zlib'],
    'unlisted': {}, 'unfetched': [], 'unnamed': [], 'looked_at': []}


@dataclass
class Probe:
    """Stands for the SDK: answers alike, and remembers what it was asked."""

    answer: dict[str, Any] = field(default_factory=lambda: dict(ANSWER))
    asked: list[list[str]] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, python: Sequence[str], root: Path, question: str, env: dict[str, str], *, argv: list[str],
                 **request: Any) -> dict[str, Any]:
        self.asked.append(argv)
        self.environments.append(env)
        return dict(self.answer)


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Probe:
    """What is asked instead of an SDK."""
    probe = Probe()
    monkeypatch.setattr(module, 'ask', probe)
    return probe


@pytest.fixture
def catalogue(home: Home) -> Catalogue:
    """The catalogue of an SDK on paper."""
    return Catalogue(synthetic_sdk(), home)


def test_an_answer_becomes_a_mode_targets_files_and_ports(probe: Probe, catalogue: Catalogue):
    assert resolve(catalogue, ['em++', 'main.o']).to_json() == {
        'mode': 'wasm64-thinlto', 'features': ['wasm64', 'thinlto'], 'targets': ['libc', 'crt1'], 'ports': ['zlib'],
        'files': [f'sysroot/lib/wasm64-emscripten/thinlto/{name}' for name in ('libc.a', 'crt1.o', 'libz.a')]}


@pytest.mark.parametrize(('link', 'lang', 'asked'), [
    (['emcc', '-O2', 'a.o'], None, ['emcc', '-O2', 'a.o']),
    (['/opt/em++.py', 'a.o'], 'c', ['em++', 'a.o']),
    (['-flto=thin', '-m64'], None, ['em++', 'main.o', '-flto=thin', '-m64']),
    (['-flto=thin'], 'c', ['emcc', 'main.o', '-flto=thin']),
    (['-flto=thin'], 'c++', ['em++', 'main.o', '-flto=thin']),
    ([], 'c', ['emcc', 'main.o']),
    (['em++', '--em-config', 'elsewhere', 'a.o'], None, ['em++', 'a.o']),
])
def test_flags_alone_get_a_compiler_and_an_input(link: list[str], lang: str | None, asked: list[str], probe: Probe,
                                                 catalogue: Catalogue):
    resolve(catalogue, link, lang=lang)
    assert probe.asked == [asked]


def test_what_the_line_itself_sets_for_emcc_is_heeded(probe: Probe, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('EMCC_STRICT', '1')
    resolve(catalogue, 'EMCC_CFLAGS=-m64 OTHER=1 ccache emcc a.o')
    resolve(catalogue, 'emcc a.o')
    resolve(catalogue, 'env EMCC_STRICT=0 emcc a.o', environment=True)
    heeded = [{name: env[name] for name in ('EMCC_CFLAGS', 'EMCC_STRICT', 'OTHER') if name in env} for env in probe.environments]
    assert heeded == [{'EMCC_CFLAGS': '-m64'}, {}, {'EMCC_STRICT': '0'}]


def test_a_language_other_than_c_and_cpp_is_an_error(probe: Probe, catalogue: Catalogue):
    with pytest.raises(UsageError, match='rust'):
        resolve(catalogue, ['-O2'], lang='rust')


@pytest.mark.parametrize('link', [
    ['em++', '-O2', 'other.o', '-o', 'app.js'], ['em++', '-O2', 'a.o', 'b.o', '-o', 'app.js'],
    ['em++', '-O2', 'a.o', 'dir/libb.a', 'c.obj', '-o', 'app.js'], ['em++', '-O2', 'a.o', '-o', 'out/else.js'],
    ['/elsewhere/em++', '-O2', 'a.o', '-o', 'app.js']])
def test_names_of_objects_and_outputs_do_not_matter(link: list[str], probe: Probe, catalogue: Catalogue):
    resolve(catalogue, ['em++', '-O2', 'a.o', '-o', 'app.js'])
    resolve(catalogue, link)
    assert len(probe.asked) == 1


@pytest.mark.parametrize('link', [
    ['em++', '-O2', 'a.o', '-o', 'app.wasm'], ['em++', '-O2', 'a.o', '-o', 'app'], ['em++', '-O2', 'a.o'],
    ['emcc', '-O2', 'a.o', '-o', 'app.js'], ['em++', '-O3', 'a.o', '-o', 'app.js'],
    ['em++', '-O2', 'a.so', '-o', 'app.js'], ['em++', '-O2', 'conftest.c', '-o', 'app.js'],
    ['em++', '-O2', '-l', 'a.o', '-o', 'app.js'], ['em++', '-O2', '@a.o', '-o', 'app.js']])
def test_suffixes_sources_flags_and_the_compiler_do_matter(link: list[str], probe: Probe, catalogue: Catalogue):
    resolve(catalogue, ['em++', '-O2', 'a.o', '-o', 'app.js'])
    resolve(catalogue, link)
    assert len(probe.asked) == 2


@given(st.lists(st.sampled_from(['-O2', '-o', 'a.o', 'lib/b.a', 'c.cpp', '-l', 'm', '-', '@r', '', '-oa.o'])))
def test_what_matters_of_a_line_stays_what_matters(words: list[str]):
    once = module._what_matters(['em++', *words])
    assert module._what_matters(once) == once
    assert [word for word in once if word.startswith('-')] == [word for word in words if word.startswith('-')]


def test_a_file_that_was_looked_at_is_looked_at_again(probe: Probe, catalogue: Catalogue, tmp_path: Path):
    def asked_after(*, flags: str | None, library: bool) -> int:
        (tmp_path / 'flags.rsp').unlink(missing_ok=True)
        (tmp_path / 'libown.a').unlink(missing_ok=True)
        if flags is not None:
            (tmp_path / 'flags.rsp').write_text(flags, encoding='utf-8')
        if library:
            (tmp_path / 'libown.a').touch()
        probe.answer['looked_at'] = [['read', 'flags.rsp', digest_bytes(flags.encode()) if flags is not None else None],
                                     ['isfile', 'libown.a', library]]
        resolve(catalogue, ['em++', '@flags.rsp', '-L.', '-lown'], cwd=tmp_path)
        return len(probe.asked)
    assert asked_after(flags='-O2', library=False) == 1
    assert asked_after(flags='-O2', library=False) == 1
    assert asked_after(flags='-O3', library=False) == 2
    assert asked_after(flags='-O3', library=True) == 3
    assert asked_after(flags=None, library=True) == 4
    assert asked_after(flags='-O2', library=False) == 4, 'earlier answers are kept beside later ones'


def test_files_are_looked_at_where_the_link_runs(probe: Probe, catalogue: Catalogue, tmp_path: Path):
    for name in ('one', 'two'):
        (tmp_path / name).mkdir()
    (tmp_path / 'two' / 'libown.a').touch()
    for name, there in (('one', False), ('two', True), ('one', False), ('two', True)):
        probe.answer['looked_at'] = [['isfile', 'libown.a', there]]
        resolve(catalogue, ['em++', '-L.', '-lown'], cwd=tmp_path / name)
    assert len(probe.asked) == 2


def test_the_environment_counts_only_when_it_is_heeded(probe: Probe, catalogue: Catalogue,
                                                       monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('EMCC_CFLAGS', '-flto')
    monkeypatch.setenv('EMCC_DEBUG', '1')
    resolve(catalogue, ['em++', 'a.o'])
    resolve(catalogue, ['em++', 'a.o'], environment=True)
    monkeypatch.setenv('EMCC_CFLAGS', '-m64')
    resolve(catalogue, ['em++', 'a.o'], environment=True)
    assert [env.get('EMCC_CFLAGS') for env in probe.environments] == [None, '-flto', '-m64']
    assert all('EMCC_DEBUG' not in env for env in probe.environments)


def test_a_refusal_carries_the_words_of_emcc_and_is_not_kept(probe: Probe, catalogue: Catalogue):
    probe.answer = {'rejected': 'WASM is not compatible with JS', 'looked_at': []}
    for _ in range(2):
        with pytest.raises(UsageError, match=r'^em\+\+: error: WASM is not compatible with JS\n') as refusal:
            resolve(catalogue, ['em++', 'a.o'])
    assert refusal.value.exit_code == 2
    assert len(probe.asked) == 2


def test_a_compiler_with_flags_alone_is_resolved_as_if_it_had_an_input(monkeypatch: pytest.MonkeyPatch,
                                                                       catalogue: Catalogue):
    def ask(*args: Any, argv: list[str], **request: Any) -> dict[str, Any]:
        return dict(ANSWER) if 'main.o' in argv else {'rejected': 'no input files', 'looked_at': []}
    monkeypatch.setattr(module, 'ask', ask)
    assert resolve(catalogue, ['em++', '-flto=thin']).mode == Mode(arch='wasm64', lto='thin')


def test_a_directory_that_is_not_there_is_an_error(probe: Probe, catalogue: Catalogue, tmp_path: Path):
    with pytest.raises(UsageError, match='is not a directory'):
        resolve(catalogue, ['em++', 'a.o'], cwd=tmp_path / 'missing')


def test_a_port_given_by_its_file_is_named_by_its_whole_path(probe: Probe, catalogue: Catalogue, tmp_path: Path):
    probe.answer.update(ports=['zlib', 'sdl2_image:formats=png', 'own/port.py', 'own/port.py:a=1:b=2'])
    for name in ('one', 'two'):
        (tmp_path / name).mkdir()
        own = str(tmp_path / name / 'own/port.py')
        assert resolve(catalogue, ['em++', 'a.o'], cwd=tmp_path / name).ports == (
            'zlib', 'sdl2_image:formats=png', own, f'{own}:a=1:b=2')


def test_every_mode_is_found_by_its_directory():
    assert [mode_of_directory(mode.directory) for mode in all_modes()] == all_modes()


def test_a_directory_of_no_known_mode_is_an_error(probe: Probe, catalogue: Catalogue):
    assert mode_of_directory('sysroot/lib/wasm128-emscripten') is None
    probe.answer.update(directory='sysroot/lib/wasm128-emscripten')
    with pytest.raises(SdkError, match='wasm128'):
        resolve(catalogue, ['em++', 'a.o'])
