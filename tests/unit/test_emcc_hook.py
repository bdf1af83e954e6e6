"""The hook of `emroot run`: what an emcc asks emroot for, and what it does where emroot cannot."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from support.hooked_emcc import LIBRARIES, HookedEmcc, Started

from emroot.probe import HOOK

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='a script stands for the linker')
LIBC, LIBAL, LIBZ = (f'{LIBRARIES}/{name}.a' for name in ('libc', 'libal', 'libz'))
MARK, RECORD = 'ports/z/.emscripten_url', f'.emroot/{LIBZ}.json'


@pytest.fixture
def emcc(tmp_path: Path) -> HookedEmcc:
    """Below `emroot run --lazy=off`."""
    return HookedEmcc.make(tmp_path)


@pytest.fixture
def lazy(emcc: HookedEmcc) -> HookedEmcc:
    """Below `emroot run`."""
    emcc.configure(lazy=True)
    return emcc


def words(started: Sequence[Started]) -> list[list[str]]:
    return [each.words for each in started]


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


# --- lazy links ---

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


# --- ports ---

def test_a_port_that_was_never_here_is_built_with_all_else_that_the_link_needs(emcc: HookedEmcc) -> None:
    emcc.emroot_makes(MARK, LIBZ, LIBC, LIBAL)
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert words(emcc.started) == [['--for', 'emcc a.o --use-port=z']] and emcc.linked == ['libz.a', 'libal.a', 'libc.a']


def test_a_lazy_link_has_its_ports_built_alone(lazy: HookedEmcc) -> None:
    lazy.emroot_makes(MARK, LIBZ)
    assert lazy('a.o', '--use-port=z').returncode == 0
    first, second = lazy.started
    assert first.request == {'ports': ['emcc', 'a.o', '--use-port=z']}
    assert second.request and second.request['missing'] == ['wasm32/libal', 'wasm32/libc']


@pytest.mark.parametrize('is_lazy', [True, False])
def test_a_port_that_defines_itself_is_here_before_its_definition_is_read(emcc: HookedEmcc, is_lazy: bool) -> None:
    emcc.configure(lazy=is_lazy)
    emcc.has(LIBC, LIBAL)
    emcc.emroot_makes(MARK)
    for count in (1, 0):
        assert emcc('a.o', '--external=z').returncode == 0
        assert words(emcc.started) == [['--for', 'emcc a.o --external=z']] * count
        assert emcc.made_by(MARK) == 'emroot' and emcc.made_by('ports/z/definition') == 'emcc'


@pytest.mark.parametrize('is_lazy', [True, False])
def test_a_port_that_is_here_for_another_mode_is_built_for_this(emcc: HookedEmcc, is_lazy: bool) -> None:
    emcc.configure(lazy=is_lazy)
    emcc.has(MARK)
    emcc.emroot_makes(LIBZ, LIBC, LIBAL)
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert len(emcc.started) == 1 and emcc.made_by(LIBZ) == 'emroot' and emcc.made_by(MARK) == 'there'


def test_a_port_that_emroot_cannot_build_is_built_by_emcc_of_its_sources(emcc: HookedEmcc) -> None:
    """The mark alone would have it take them to be here."""
    emcc.has(MARK, LIBC, LIBAL)
    emcc.emroot_makes(code=5)
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert emcc.made_by(LIBZ) == emcc.made_by(MARK) == 'emcc'
    assert emcc.notices.read_text() == f'built: {emcc.cache / LIBZ}\n'


def test_sources_of_a_port_that_are_here_are_not_fetched_again(emcc: HookedEmcc) -> None:
    emcc.has(MARK, 'ports/z/source.c', LIBC, LIBAL)
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert (emcc.made_by(LIBZ), emcc.made_by(MARK), emcc.made_by('ports/z/source.c')) == ('emcc', 'there', 'there')


@pytest.mark.parametrize(('recorded', 'current'), [
    ('as it is', True), ('changed', False), ('gone', False), ('nothing', True), ('damaged', True)])
def test_a_port_is_built_again_when_a_file_of_the_users_that_it_was_made_of_is_another(
        emcc: HookedEmcc, recorded: str, current: bool) -> None:
    source = emcc.top / 'port.py'
    source.write_text('x')
    stamp = [source.stat().st_size, source.stat().st_mtime_ns + (recorded == 'changed')]
    emcc.has(MARK, LIBZ, LIBC, LIBAL, RECORD)
    said = {'inputs': [['read', str(source), stamp]]} if recorded != 'nothing' else {}
    (emcc.cache / RECORD).write_text(json.dumps(said) if recorded != 'damaged' else '{"inputs')
    if recorded == 'gone':
        source.unlink()
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert words(emcc.started) == ([] if current else [['--for', 'emcc a.o --use-port=z']])
    assert emcc.made_by(LIBZ) == ('there' if current else 'emcc')


# --- what it says ---

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
