"""Lazy links: only what a link pulls is compiled, and the program is the one that whole libraries give."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lazy_programs import C
from lazy_support import SMALL, SOURCE, Indexed, Lazy, plan_of
from support.fake_port import pretend_zlib
from support.running import Emroot, plain_environment
from support.snapshots import archives
from support.waiting import wait_until

from emroot.host.home import write_json
from emroot.lazy_link.link_history import never_whole, note_link
from emroot.lazy_link.symbols.symbol_closure import Roots, SymbolClosure
from emroot.modes import parse_mode
from emroot.sdk import Sdk
from emroot.store import Store, try_lock
from emroot.symbol_index import MemberSymbols, SymbolIndex
from emroot.symbol_index.hints import find_hint
from emroot.symbol_index.storage import find_index, store_index

LINK = ['emcc', '-sMEMORY64', '-sDEFAULT_TO_CXX=0']


def test_the_first_link_in_a_mode_compiles_what_it_pulls_and_gives_the_same_program(linking: Lazy, indexed: Indexed):
    """And a second one what it pulls beyond that."""
    lazily = indexed(LINK)
    first, said = linking.lazy(lazily, LINK, {'main.c': C['hello']})
    assert first == linking.whole(LINK, {'main.c': C['hello']})
    real, total = int(said.split()[2]), int(said.split()[4])
    assert real < total / 10, said
    compiled = int(said.split('; ')[1].split()[0])
    assert compiled <= real
    second, said = linking.lazy(lazily, LINK, {'main.c': C['scan']})
    assert second == linking.whole(LINK, {'main.c': C['scan']})
    assert int(said.split('; ')[1].split()[0]) <= int(said.split()[2]) - compiled / 2, said


@pytest.mark.slow
def test_other_links_never_see_a_part_of_an_archive(linking: Lazy, indexed: Indexed):
    """Only what is complete comes into the cache directory."""
    assert linking.lazy(indexed(SMALL), SMALL, SOURCE)[1]
    found = archives(linking.directory / 'lazy cache')
    assert not [path for path in found if path.endswith('libsockets.a')]
    linking.whole(SMALL, SOURCE)
    assert found.items() <= archives(linking.directory / 'whole cache').items()
    assert not list((linking.directory / 'lazy cache' / '.emroot' / 'tmp').glob('*'))


def _changed(index: SymbolIndex, how: str) -> SymbolIndex:
    """An index with something wrong about a member that the small link pulls, or about another one."""
    members = {m.name: m for m in index.members}
    pulled, other = members['bind.o'], members['accept.o']
    changed: dict[str, dict[str, MemberSymbols]] = {
        'missing': {'bind.o': dataclasses.replace(pulled, defined=())},
        'extra': {'accept.o': dataclasses.replace(other, defined=(*other.defined, 'bind'))},
        'swapped': {'bind.o': dataclasses.replace(other, name='bind.o'),
                    'accept.o': dataclasses.replace(pulled, name='accept.o')},
        'stale': {'bind.o': dataclasses.replace(pulled, digest='0123456789ab')},
        'fewer references': {'bind.o': dataclasses.replace(pulled, undefined=())},
        'of another kind': {'bind.o': dataclasses.replace(pulled, bitcode=True)},
    }
    return SymbolIndex(tuple(changed[how].get(m.name, m) for m in index.members))


@pytest.mark.parametrize('how', ['missing', *(pytest.param(how, marks=pytest.mark.slow) for how in (
    'extra', 'swapped', 'stale', 'fewer references', 'of another kind'))])
def test_an_index_that_is_wrong_never_gives_a_wrong_program(how: str, linking: Lazy, sdk: Sdk, indexed: Indexed):
    lazily = indexed(SMALL)
    key = next(a.key for a in plan_of(lazily.home, sdk.root, SMALL).archives if a.target == 'libsockets')
    with Store(lazily.home / 'store') as store:
        index = find_index(store, key)
        assert index
        store_index(store, key, _changed(index, how))
    made, said = linking.lazy(lazily, SMALL, SOURCE)
    assert not said, 'nobody noticed'
    assert made == linking.whole(SMALL, SOURCE)


def _lie(index: SymbolIndex, how: str) -> SymbolIndex:
    """Something else about a member that the link below pulls, if it is told the truth."""
    members = {m.name: m for m in index.members}
    listen, other = members['listen.o'], members['accept.o']
    told: dict[str, dict[str, MemberSymbols]] = {
        'the truth': {}, 'removed': {'listen.o': dataclasses.replace(listen, defined=())},
        'moved': {'listen.o': dataclasses.replace(listen, defined=other.defined),
                  'accept.o': dataclasses.replace(other, defined=listen.defined)},
        'added': {'accept.o': dataclasses.replace(other, defined=(*other.defined, 'listen'))},
    }
    return SymbolIndex(tuple(told[how].get(m.name, m) for m in index.members))


@pytest.mark.parametrize('how', ['removed', *(pytest.param(how, marks=pytest.mark.slow) for how in (
    'the truth', 'moved', 'added'))])
def test_an_index_of_others_that_lies_never_gives_a_wrong_program(how: str, linking: Lazy, sdk: Sdk, indexed: Indexed,
                                                                  tmp_path: Path):
    """Another library has what it leaves out, after the one that the link takes it from."""
    (tmp_path / 'mine.c').write_text('int listen(int a, int b) { return 7; }\n')
    emcc = [*sdk.python, '-B', str(sdk.root / 'emcc.py'), '-sMEMORY64', '-c', 'mine.c', '-o', 'mine.o']
    own = plain_environment({'EM_CACHE': str(tmp_path / 'own cache')})
    subprocess.run(emcc, cwd=tmp_path, env=own, check=True, capture_output=True)
    subprocess.run([sdk.tools['llvm-ar'], 'rcs', 'libmine.a', 'mine.o'], cwd=tmp_path, check=True)
    link = [*SMALL[:5], str(tmp_path / 'libmine.a'), *SMALL[5:]]
    source = {'main.c': SOURCE['main.c'].replace('int bind(int, const void *, unsigned)', 'int listen(int, int)')
              .replace('bind(1, 0, 0)', 'listen(1, 2)').replace('__syscall_bind', '__syscall_listen')}
    lazily = indexed(SMALL)
    key = next(a.key for a in plan_of(lazily.home, sdk.root, SMALL).archives if a.target == 'libsockets')
    with Store(lazily.home / 'store') as store:
        index = find_index(store, key)
        assert index
        store_index(store, key, _lie(index, how), claimed=True)
    made, said = linking.lazy(lazily, link, source)
    assert said, 'an index of others only predicts'
    with Store(lazily.home / 'store') as store:
        assert (find_index(store, key) is not None) == (how == 'the truth'), 'one that is wrong was not withdrawn'
    assert made == linking.whole(link, source)


#: Objects of which the linker loads what it needs: here the first.
GROUP = {'part': 'int bind(int, const void *, unsigned);\nint part(void) { return bind(1, 0, 0); }\n',
         'unneeded': 'int no_such_function(void);\nint unneeded(void) { return no_such_function(); }\n',
         'another': 'int listen(int a, int b) { return 7; }\n'}


def test_a_link_with_groups_of_objects_is_lazy_too(linking: Lazy, sdk: Sdk, indexed: Indexed, tmp_path: Path):
    for name, text in GROUP.items():
        (tmp_path / f'{name}.c').write_text(text)
    emcc = [*sdk.python, '-B', str(sdk.root / 'emcc.py'), '-sMEMORY64', '-c', *(f'{name}.c' for name in GROUP)]
    own = plain_environment({'EM_CACHE': str(tmp_path / 'own cache')})
    subprocess.run(emcc, cwd=tmp_path, env=own, check=True, capture_output=True)
    objects = [str(tmp_path / f'{name}.o') for name in GROUP]
    link = [*SMALL[:5], '-Wl,--start-lib', *objects, '-Wl,--end-lib', *SMALL[5:]]
    source = {'main.c': 'int part(void);\n' + SOURCE['main.c'].replace('bind(1, 0, 0)', 'part()')}
    made, said = linking.lazy(indexed(SMALL), link, source)
    assert said, 'it was linked with whole libraries'
    assert not archives(linking.directory / 'lazy cache')
    assert made == linking.whole(link, source)


def _failing(sdk: Sdk, directory: Path, *flags: str) -> list[object]:
    (directory / 'main.c').write_text(SOURCE['main.c'])
    return [*sdk.python, '-B', sdk.root / 'emcc.py', *SMALL[1:], *flags, 'main.c', '-o', 'app.js']


@pytest.mark.parametrize('flag', ['-Dbind=none_such', pytest.param('-Wl,--export=none_such', marks=pytest.mark.slow)])
def test_a_link_that_whole_libraries_do_not_help_fails_at_once_and_in_the_same_words(
        flag: str, shared: Emroot, sdk: Sdk, tmp_path: Path, indexed: Indexed):
    """As many of a configure script's are meant to."""
    link, lazy, whole = _failing(sdk, tmp_path, flag), tmp_path / 'cache', tmp_path / 'whole'
    ran = indexed(SMALL)('link', '--cache', lazy, '--', *link, cwd=tmp_path)
    plain = shared('link', '--lazy', 'off', '--cache', whole, '--', *link, cwd=tmp_path)
    assert ran.code == plain.code == 1
    assert _said(ran.err) == _said(plain.err)
    assert not archives(lazy)
    assert not (tmp_path / 'app.wasm').exists()


def _said(text: str) -> list[str]:
    """What the linker and emcc said, but for names of temporary files."""
    lines = [line.partition(' failed (')[2] or line for line in text.splitlines() if 'error' in line]
    return [re.sub(r'\S*/(emscripten_temp_|tmp)\w+[/\w]*', '', line) for line in lines]


@pytest.mark.slow
def test_any_other_failure_is_that_of_whole_libraries(sdk: Sdk, tmp_path: Path, indexed: Indexed, shared: Emroot):
    link = _failing(sdk, tmp_path, '-Wl,--initial-memory=65535')
    ran = indexed(SMALL)('link', '--cache', tmp_path / 'cache', '--', *link, cwd=tmp_path)
    whole = shared('link', '--lazy', 'off', '--cache', tmp_path / 'whole', '--', *link, cwd=tmp_path)
    assert ran.code == whole.code == 1
    assert _said(ran.err) == _said(whole.err) and 'wasm-ld: error' in ran.err and '.emroot' not in ran.err
    assert not archives(tmp_path / 'cache')


@pytest.mark.slow
def test_a_port_is_built_whole_and_the_link_is_lazy_all_the_same(linking: Lazy, indexed: Indexed, tmp_path: Path):
    pretend_zlib(tmp_path / 'ports' / 'zlib')
    source = {'main.c': f"#include <zlib.h>\n{SOURCE['main.c']}int more(void) {{ return zutil_of_this_zlib; }}\n"}
    link = [*SMALL[:-1], '-sUSE_ZLIB', f'{SMALL[-1]},_more']
    options = ['--ports-from', tmp_path / 'ports']
    made, said = linking.lazy(indexed(SMALL), link, source, options=options)
    assert said
    assert [Path(path).name for path in archives(tmp_path / 'lazy cache')] == ['libz.a']
    assert made == linking.whole(link, source, options)


def _todo(cache: Path) -> list[Path]:
    return list((cache / '.emroot' / 'lazy' / 'todo').glob('*.json'))


@pytest.mark.slow
def test_libraries_are_completed_in_the_background_if_wanted(linking: Lazy, indexed: Indexed):
    cache = linking.directory / 'lazy cache'
    assert linking.lazy(indexed(SMALL), SMALL, SOURCE, options=['--complete'])[1]
    wait_until(lambda: not _todo(cache))
    linking.whole(SMALL, SOURCE)
    assert archives(cache) == archives(linking.directory / 'whole cache')


@pytest.mark.slow
def test_of_what_completes_there_is_one_and_the_next_does_what_a_killed_one_left(linking: Lazy, indexed: Indexed, sdk: Sdk):
    """A process that finds another at it leaves the note to it; the lock of one that was killed is free."""
    cache, home = linking.directory / 'lazy cache', indexed(SMALL)
    assert linking.lazy(home, SMALL, SOURCE)[1]
    write_json(cache / '.emroot' / 'lazy' / 'todo' / 'wasm64.json', {'targets': ['libsockets']})
    command = [sys.executable, '-m', 'emroot.cli.run.background_build', '--sdk', str(sdk.root), '--home', str(home.home),
               '--cache', str(cache)]
    with try_lock(cache / '.emroot' / 'lazy' / 'completing.lock') as held:
        assert held
        subprocess.run(command, env=plain_environment(), check=True)
        assert _todo(cache) and not archives(cache)
    subprocess.run(command, env=plain_environment(), check=True)
    assert not _todo(cache)
    assert [Path(path).name for path in archives(cache)] == ['libsockets.a']


@pytest.mark.parametrize('words', [['em++', '-sMEMORY64'], ['em++', '-pthread', '-flto=thin', '-fwasm-exceptions', '-O1']],
                         ids=' '.join)
def test_there_is_a_hint_for_each_library_of_a_link(words: list[str], shared: Emroot, sdk: Sdk):
    known = [find_hint(archive.mode, archive.target) for archive in plan_of(shared.home, sdk.root, words).archives
             if archive.how == 'archive']
    wanted = {'_ZNSt3__24coutE', '_ZNSt3__26localeC1Ev', 'main', 'printf', 'malloc', '__cxa_throw'}
    assert sum(map(len, SymbolClosure([index for index in known if index], Roots(wanted)).needed)) > 100


@pytest.mark.parametrize('flag', ['-Wl,--Map=app.map', pytest.param('-Wl,--trace', marks=pytest.mark.slow)])
def test_where_the_link_tells_of_whole_archives_it_gets_them(flag: str, linking: Lazy, indexed: Indexed):
    made, said = linking.lazy(indexed(SMALL), [*SMALL, flag], SOURCE)
    assert made and not said


@pytest.mark.slow
def test_a_linker_that_is_to_name_itself_links_lazily(linking: Lazy, indexed: Indexed, sdk: Sdk, tmp_path: Path):
    said = subprocess.run([sdk.tools['wasm-ld'], '-v', 'nothing.o'], capture_output=True, text=True, check=False)
    if said.returncode == 0:
        pytest.skip('the linker of this LLVM names itself and links nothing: plain emcc fails on that, too')
    (tmp_path / 'main.c').write_text(SOURCE['main.c'])
    link = [*sdk.python, '-B', str(sdk.root / 'emcc.py'), *SMALL[1:], '-Wl,-v', 'main.c', '-o', 'app.js']
    ran = indexed(SMALL)('link', '--cache', tmp_path / 'cache', '--', *link, cwd=tmp_path)
    assert ran.code == 0 and 'LLD' in ran.out and 'linked with' in ran.err, ran
    assert (tmp_path / 'app.wasm').read_bytes() == linking.whole(SMALL, SOURCE)['app.wasm']


@pytest.mark.slow
def test_links_that_have_cost_as_much_as_libraries_have_them_built(linking: Lazy, indexed: Indexed, sdk: Sdk):
    cache, home, mode = linking.directory / 'lazy cache', indexed(SMALL), parse_mode('wasm64')
    assert linking.lazy(home, SMALL, SOURCE)[1]
    assert 'libsockets' in never_whole(cache)[mode]
    note_link(cache, mode, plan_of(home.home, sdk.root, SMALL).archives, 1000.0)
    assert not linking.lazy(home, SMALL, SOURCE)[1]
    assert never_whole(cache) == {}


@pytest.mark.slow
def test_lazy_links_can_be_switched_off(linking: Lazy, indexed: Indexed):
    lazily = indexed(SMALL)
    made, said = linking.lazy(lazily, SMALL, SOURCE, env={'EMROOT_LAZY': 'off'})
    assert not said
    assert any(path.endswith('libsockets.a') for path in archives(linking.directory / 'lazy cache'))
    assert made == linking.whole(SMALL, SOURCE)
