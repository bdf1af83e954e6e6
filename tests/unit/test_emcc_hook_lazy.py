"""The hook of `emroot run`, where links are lazy: the linker's command is handed to emroot."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.hooked_emcc import LIBAL, LIBC, LIBRARIES, HookedEmcc, words

from emroot.probe.emcc_hook.processes import instead_of_the_linker

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='a script stands for the linker')


def test_a_lazy_link_hands_the_linkers_command_to_emroot_and_builds_nothing(lazy: HookedEmcc) -> None:
    lazy.emroot_makes(says='wasm-ld: warning: odd\n')
    ran = lazy('a.o', '-lone')
    assert (ran.returncode, ran.stderr, lazy.linked) == (0, 'wasm-ld: warning: odd\n', [])
    [started] = lazy.started
    assert started.words[0] == '--lazy' and started.cache == str(lazy.cache) and started.request
    libraries = [str(lazy.cache / LIBRARIES / f'{name}.a') for name in ('libone', 'libal', 'libc')]
    assert started.request['command'] == [str(lazy.top / 'sdk' / 'wasm-ld'), *libraries, '-o', 'a.wasm']
    assert started.request['cwd'] == str(lazy.top)
    assert started.request['missing'] == ['wasm32/libone', 'wasm32/libal', 'wasm32/libc']
    assert not (lazy.cache / LIBC).exists() and not Path(started.request['said']).exists()


def test_only_what_is_missing_is_left_to_the_link(lazy: HookedEmcc) -> None:
    lazy.has(LIBAL)
    assert lazy('a.o').returncode == 0
    [started] = lazy.started
    assert started.request and started.request['missing'] == ['wasm32/libc']


def test_a_link_that_cannot_be_made_fails_as_the_linker_would(lazy: HookedEmcc) -> None:
    lazy.emroot_makes(code=10, says='wasm-ld: error: undefined symbol: f\n')
    ran = lazy('a.o')
    assert (ran.returncode, ran.stderr, lazy.linked) == (1, 'wasm-ld: error: undefined symbol: f\n', [])
    assert len(lazy.started) == 1


@pytest.mark.parametrize('code', [1, 9, 11])
def test_a_link_that_emroot_cannot_make_gets_whole_libraries(lazy: HookedEmcc, code: int) -> None:
    """What emroot does not build then, emcc builds."""
    lazy.emroot_makes(LIBRARIES + '/libal.a', code=code)
    lazy.has(f'{LIBRARIES}/libone.a')
    assert lazy('a.o', '-lone').returncode == 0
    first, second = lazy.started
    assert first.request and not Path(first.request['said']).exists()
    assert second.words == ['--targets', 'wasm32/libc'], 'libal came in between'
    assert lazy.linked == ['libone.a', 'libal.a', 'libc.a'] and lazy.made_by(LIBC) == 'emcc'


@pytest.mark.parametrize('how', ['--nm', '--look'], ids=['a program reads it', 'emcc itself reads it'])
def test_a_library_is_built_whole_before_anybody_else_reads_it(lazy: HookedEmcc, how: str) -> None:
    lazy.emroot_makes(LIBC, LIBAL)
    assert lazy('a.o', how).returncode == 0
    assert words(lazy.started) == [['--targets', 'wasm32/libal,wasm32/libc']] and lazy.linked == ['libal.a', 'libc.a']


def test_other_programs_have_nothing_built(lazy: HookedEmcc) -> None:
    assert lazy('a.o', '--echo').returncode == 0
    assert [started.words[0] for started in lazy.started] == ['--lazy']


@pytest.mark.parametrize('is_lazy', [True, False])
@pytest.mark.parametrize(('given', 'asks'), [
    ('-Wl,--version', True), ('-Wl,--fatal-warnings,--version', True), ('-Xlinker --help', True), ('@options', True),
    ('-###', True), ('-Wl,--fatal-warnings', False), ('-Xlinker', False), ('--version.c', False)])
def test_what_only_asks_the_linker_builds_nothing(emcc: HookedEmcc, is_lazy: bool, given: str, asks: bool) -> None:
    emcc.configure(lazy=is_lazy)
    (emcc.top / 'options').write_text('-O2 -Wl,-help')
    assert emcc('a.o', *given.split(), env={'TEST_ASKS': '1'}).returncode == 0
    assert (emcc.started == []) == asks
    if asks:
        assert emcc.linked == ['libal.a', 'libc.a'] and not (emcc.cache / LIBC).exists()


def test_a_variable_may_ask_the_linker_too(emcc: HookedEmcc) -> None:
    assert emcc('a.o', env={'EMCC_CFLAGS': '-Wl,--version', 'TEST_ASKS': '1'}).returncode == 0
    assert emcc.started == []


def test_an_emcc_that_looks_for_what_was_left_out_gets_it_whole(lazy: HookedEmcc) -> None:
    lazy.emroot_makes(LIBC, LIBAL)
    ran = lazy('a.o', env={'TEST_LOOKS': '1'})
    assert (ran.returncode, ran.stderr) == (0, '') and lazy.linked == ['libal.a', 'libc.a']
    assert words(lazy.started) == [['--targets', 'wasm32/libal,wasm32/libc']]


def test_an_emcc_that_looks_is_asked_before_it_would(emcc: HookedEmcc) -> None:
    """To find out what it misses, it is run once without anything being there: what it says then does not count."""
    emcc.emroot_makes(LIBC, LIBAL)
    ran = emcc('a.o', env={'TEST_LOOKS': '1'})
    assert (ran.returncode, ran.stderr) == (0, '') and emcc.made_by(LIBC) == 'emroot'


def test_a_program_that_links_nothing_leaves_no_library_out(lazy: HookedEmcc) -> None:
    lazy.emroot_makes(LIBC)
    assert lazy('build', 'libc', program='embuilder.py').returncode == 0
    assert words(lazy.started) == [['--targets', 'wasm32/libc']] and lazy.made_by(LIBC) == 'emroot'


@pytest.mark.parametrize('captured', [True, False])
@pytest.mark.parametrize(('code', 'said'), [(0, ''), (0, 'warning: one\n'), (1, 'error: two\n'), (5, 'three\n')])
def test_what_the_linker_said_is_where_emcc_wants_it(tmp_path: Path, capfd: pytest.CaptureFixture[str], captured: bool, code: int,
                                                     said: str) -> None:
    file = tmp_path / 'said'
    file.write_text(said)
    command = instead_of_the_linker(code, str(file), captured=captured)
    done = subprocess.run(command, stderr=subprocess.PIPE if captured else None, text=True, check=False)
    assert (done.returncode, done.stderr if captured else capfd.readouterr().err) == (code, said)
    assert not file.exists()
