"""The hook of `emroot run`: which libraries an emcc asks emroot for, and what it does where emroot cannot."""

from __future__ import annotations

import json
import os

import pytest
from support.hooked_emcc import LIBAL, LIBC, LIBRARIES, LIBZ, MARK, RECORD, HookedEmcc, words

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='a script stands for the linker')


def test_all_libraries_that_a_link_misses_are_built_at_once(emcc: HookedEmcc) -> None:
    emcc.emroot_makes(LIBC, LIBAL)
    assert emcc('a.o').returncode == 0
    [started] = emcc.started
    assert (started.words, started.cache) == (['--targets', 'wasm32/libal,wasm32/libc'], str(emcc.cache))
    assert emcc.linked == ['libal.a', 'libc.a'] and emcc.made_by(LIBC) == emcc.made_by(LIBAL) == 'emroot'


def test_what_is_there_is_not_asked_for(emcc: HookedEmcc) -> None:
    emcc.has(LIBC)
    emcc.emroot_makes(LIBAL)
    assert emcc('a.o').returncode == 0
    assert words(emcc.started) == [['--targets', 'wasm32/libal']] and emcc.made_by(LIBC) == 'there'


def test_a_link_that_misses_nothing_starts_nothing(emcc: HookedEmcc) -> None:
    emcc.has(LIBC, LIBAL, MARK, LIBZ)
    for lazy in (False, True):
        emcc.configure(lazy=lazy)
        assert emcc('a.o', '--use-port=z').returncode == 0
        assert emcc.started == [] and emcc.linked == ['libz.a', 'libal.a', 'libc.a'] and emcc.notices.read_text() == ''


def test_libraries_are_those_of_the_mode_of_the_link(emcc: HookedEmcc) -> None:
    emcc('-flto', 'a.o')
    assert words(emcc.started)[0] == ['--targets', 'wasm32-lto/libal,wasm32-lto/libc']


@pytest.mark.parametrize('code', [0, 1])
def test_what_emroot_does_not_build_emcc_builds_itself_and_run_is_told(emcc: HookedEmcc, code: int) -> None:
    emcc.emroot_makes(LIBAL, code=code)
    assert emcc('a.o').returncode == 0
    assert (emcc.made_by(LIBAL), emcc.made_by(LIBC)) == ('emroot', 'emcc') and emcc.linked == ['libal.a', 'libc.a']
    assert emcc.notices.read_text() == f'built: {emcc.cache / LIBC}\n'


def test_a_library_that_the_link_names_has_all_of_its_needs_built_once(emcc: HookedEmcc) -> None:
    """These are asked for one by one, before the others; its flags may stand in a variable, too."""
    emcc.emroot_makes(*(f'{LIBRARIES}/{name}.a' for name in ('libone', 'libal', 'libc')))
    assert emcc('a b.o', '-lone', '-ltwo', env={'EMCC_CFLAGS': '-O2 -DX="a b"'}).returncode == 0
    assert words(emcc.started) == [['--for', "emcc 'a b.o' -lone -ltwo -O2 '-DX=a b'"], ['--targets', 'wasm32/libtwo']]
    assert emcc.made_by(f'{LIBRARIES}/libtwo.a') == 'emcc'


@pytest.mark.parametrize('is_lazy', [False, True])
def test_a_library_that_embuilder_does_not_list_is_emccs_and_no_other_is(emcc: HookedEmcc, is_lazy: bool) -> None:
    emcc.configure(lazy=is_lazy)
    emcc.emroot_makes(LIBC, LIBAL)
    assert emcc('a.o', '-lunlisted').returncode == 0
    assert emcc.made_by(f'{LIBRARIES}/libunlisted.a') == 'emcc'
    assert 'unlisted' not in repr([(each.words, each.request and each.request['missing']) for each in emcc.started])
    assert emcc.made_by(LIBC) == 'emroot'


@pytest.mark.parametrize(('words', 'asked'), [((), False), (('-lunlisted',), True)])
def test_all_libraries_are_listed_for_nothing_but_what_its_own_class_does_not_list(emcc: HookedEmcc, words: tuple[str, ...],
                                                                                   asked: bool) -> None:
    file = emcc.top / 'sdk/tools/system_libs.py'
    text = file.read_text().replace('Library(name).build()', 'Own(name).build()').replace(
        '        return {name: cls(name)', "        open(f'{cls.__name__}.asked', 'w').close()\n        return {name: cls(name)")
    file.write_text(text.replace('def get_libs_to_link', 'class Own(Library):\n    pass\n\ndef get_libs_to_link'))
    assert emcc('a.o', *words).returncode == 0
    assert (list(emcc.top.rglob('Own.asked')) != [], list(emcc.top.rglob('Library.asked')) != []) == (True, asked)


def test_a_cpp_program_is_resolved_as_one(emcc: HookedEmcc) -> None:
    (emcc.top / 'sdk/emcc.py').rename(emcc.top / 'sdk/em++.py')
    emcc('-lone', program='em++.py')
    assert words(emcc.started)[0] == ['--for', 'em++ -lone']


def test_embuilder_has_what_it_was_told_to_build_built(emcc: HookedEmcc) -> None:
    emcc.emroot_makes(LIBC, LIBAL)
    assert emcc('build', '--verbose', 'libc', 'sysroot', 'libal', program='embuilder.py').returncode == 0
    assert words(emcc.started) == [['--targets', 'wasm32/libc,wasm32/libal']]


def test_embuilder_says_what_was_built_for_it_as_without_emroot(emcc: HookedEmcc) -> None:
    """As `sanity.test_embuilder_force` of Emscripten's own suite has it; a link says nothing."""
    emcc.emroot_makes(LIBC, LIBAL)
    said = [emcc('build', 'libc', 'libal', program='embuilder.py').stderr for _ in range(2)]
    assert [line.split('...')[0] for line in said[0].splitlines()] == [
        f'INFO:cache:generating system library: {path}' for path in (LIBC, LIBAL)] and said[1] == ''
    (emcc.cache / LIBC).unlink()
    assert emcc('a.o').stderr == '' and emcc.made_by(LIBC) == 'emroot'


def test_what_emroot_has_no_name_for_is_left_to_embuilder(emcc: HookedEmcc) -> None:
    emcc.emroot_makes(LIBC)
    assert emcc('build', 'contrib/port.py', 'z:x=1,y', 'libc', program='embuilder.py').returncode == 0
    assert words(emcc.started) == [['--targets', 'wasm32/libc']]


def test_only_what_embuilder_is_told_to_build_is_built_together(emcc: HookedEmcc) -> None:
    emcc.emroot_makes(LIBC, LIBAL)
    assert emcc('rebuild', 'libc', 'libal', program='embuilder.py').returncode == 0
    assert words(emcc.started) == [['--targets', 'wasm32/libc']], 'the other one came with it'


@pytest.mark.parametrize('is_lazy', [False, True])
def test_in_a_cache_that_is_frozen_below_run_nothing_is_built(emcc: HookedEmcc, is_lazy: bool) -> None:
    """By whoever adds to the configuration; the variable of the run would come first."""
    emcc.configure(lazy=is_lazy)
    emcc.freeze()
    emcc.emroot_makes(LIBC, LIBAL, MARK, LIBZ)
    for program, *arguments in (('embuilder.py', 'build', 'libc'), ('emcc.py', 'a.o'), ('emcc.py', 'a.o', '-lone'),
                                ('emcc.py', 'a.o', '--use-port=z')):
        done = emcc(*arguments, program=program, env={'EM_FROZEN_CACHE': '0'})
        assert done.returncode and 'FROZEN_CACHE is set, but cache file is missing' in done.stderr, arguments
    assert emcc.started == [] and emcc.made_by(LIBC) == ''


@pytest.mark.parametrize('is_lazy', [False, True])
def test_what_lazy_links_left_out_is_there_for_a_frozen_cache_too(emcc: HookedEmcc, is_lazy: bool) -> None:
    """With emcc alone the earlier link would have put it there."""
    emcc.configure(lazy=is_lazy)
    emcc.has('.emroot/lazy/wasm32.json', '.emroot/lazy/wasm64.json')
    (emcc.cache / '.emroot/lazy/wasm32.json').write_text(json.dumps({'links': 1, 'without': {'libc': LIBC, 'libal': LIBAL}}))
    emcc.emroot_makes(LIBC, LIBAL)
    emcc.freeze()
    assert emcc('a.o', '-lone', env={'EM_FROZEN_CACHE': '0'}).returncode, 'no link left it out'
    assert emcc.started == []
    assert emcc('a.o', env={'EM_FROZEN_CACHE': '0'}).returncode == 0
    assert len(emcc.started) == 1 and emcc.made_by(LIBC) == 'emroot'


def test_a_port_in_a_frozen_cache_is_taken_as_it_is(emcc: HookedEmcc) -> None:
    emcc.has(MARK, LIBZ, LIBC, LIBAL)
    emcc.has(RECORD)
    (emcc.cache / RECORD).write_text(json.dumps({'inputs': {str(emcc.top / 'gone.c'): '0' * 64}}))
    emcc.freeze()
    assert emcc('a.o', '--use-port=z', env={'EM_FROZEN_CACHE': '0'}).returncode == 0
    assert emcc.started == [] and emcc.made_by(LIBZ) == 'there'


def test_where_a_variable_freezes_the_cache_below_run_emroot_builds_and_emcc_does_not(emcc: HookedEmcc) -> None:
    emcc.emroot_makes(LIBC)
    done = emcc('a.o', env={'EM_FROZEN_CACHE': '1'})
    assert done.returncode and 'missing: "sysroot/lib/wasm32-emscripten/libal.a"' in done.stderr
    emcc.emroot_makes(LIBC, LIBAL)
    assert emcc('a.o', env={'EM_FROZEN_CACHE': '1'}).returncode == 0


def test_variables_of_the_project_reach_no_library(emcc: HookedEmcc) -> None:
    emcc('a.o', env={'EMCC_CFLAGS': '-O1', 'EM_LLVM_ROOT': '/its', 'EMCC_CORES': '3', 'EM_COMPILER_WRAPPER': 'ccache',
                     'OTHER': 'x'})
    [started, *_] = emcc.started
    named = {name: value for name, value in started.environment.items() if name.startswith('EM') or name == 'OTHER'}
    assert named == {'EMROOT_TEST': 'passed on', 'EM_PORTS': 'too', 'EMROOT_NOTICES': str(emcc.notices), 'EMCC_CORES': '3',
                     'EM_COMPILER_WRAPPER': 'ccache', 'OTHER': 'x'}


def test_a_compiler_wrapper_of_the_configuration_is_for_libraries_too(emcc: HookedEmcc) -> None:
    emcc('a.o', env={'TEST_WRAPPER': '/my/wrapper'})
    assert emcc.started[0].environment['EM_COMPILER_WRAPPER'] == '/my/wrapper'


def test_libraries_go_where_this_emcc_looks(emcc: HookedEmcc) -> None:
    emcc('a.o', env={'TEST_CACHE': str(emcc.top / 'other')})
    assert emcc.started[0].cache == str(emcc.top / 'other')
    assert (emcc.top / 'other' / LIBC).exists() and not emcc.cache.exists()


def test_ports_are_looked_for_there_too(emcc: HookedEmcc) -> None:
    emcc.has(MARK, LIBZ)
    assert emcc('a.o', '--use-port=z', env={'TEST_CACHE': str(emcc.top / 'other')}).returncode == 0
    assert emcc.started[0].words == ['--for', 'emcc a.o --use-port=z'] and (emcc.top / 'other' / MARK).exists()


def test_what_an_emcc_does_in_the_sdks_own_cache_is_its_own_affair(emcc: HookedEmcc) -> None:
    own = emcc.top / 'sdk' / 'cache'
    assert emcc('a.o', '-lone', env={'TEST_CACHE': str(own)}).returncode == 0
    assert emcc.started == [] and (own / LIBC).read_text() == 'emcc'
