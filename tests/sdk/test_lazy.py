"""Lazy links: only what a link pulls is compiled, and the program is the one that whole libraries give."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from lazy_programs import CXX, PROGRAMS, PROJECTS, WITHOUT_INDEX, C, Program
from lazy_support import lazy_home, plan_of
from support.pretended import pretend_zlib
from support.running import SOURCE as SOURCE_OF_EMROOT
from support.running import Emroot, cannot_run, plain_environment
from support.trees import archives

from dev.sources import SourceUnavailable, copy_source
from emroot.catalogue import Catalogue
from emroot.engine.build import Build
from emroot.engine.keys import KnownKeys
from emroot.home import find_home, write_memo
from emroot.index import Index, Member
from emroot.index.keep import find_index, keep_index
from emroot.index.shipped import encode_indexes, find_shipped
from emroot.index.symbols import find_nm, index_archive
from emroot.lazy.closure import Closure, Roots
from emroot.lazy.making import Sketches
from emroot.lazy.sketch import TAGS, can_be_sketched, gives_bitcode
from emroot.plan import Compile
from emroot.sdk import Sdk
from emroot.store import Store, try_lock

FLAGS = ['-sMEMORY64', '-sDEFAULT_TO_CXX=0']
LINK = ['emcc', *FLAGS]
#: A link that takes one object of a small library, and that what it is made of needs of nothing else.
SMALL = ['emcc', '-sMEMORY64', '-nostdlib', '-lnoexit', '-lsockets', '--no-entry', '-sEXPORTED_FUNCTIONS=_answer']
SOURCE = {'main.c': '''int bind(int, const void *, unsigned);
int __syscall_bind(int a, int b, int c, int d, int e, int f) { return 42; }
long __syscall_ret(unsigned long r) { return r; }
int answer(void) { return bind(1, 0, 0); }
void *_emscripten_stack_alloc(unsigned long size) { return 0; }
void *emscripten_stack_get_current(void) { return 0; }
void _emscripten_stack_restore(void *place) {}
'''}
Outputs = dict[str, bytes]
Indexed = Callable[[list[str]], Emroot]


class Lazy:
    """Links of one program, lazy and whole, and what they give."""

    def __init__(self, sdk: Sdk, shared: Emroot, place: Path) -> None:
        self.sdk, self.shared, self.place = sdk, shared, place

    def whole(self, words: list[str], inputs: dict[str, str], options: Sequence[object] = ()) -> Outputs:
        """Link with whole libraries."""
        cache = self.place / 'whole cache'
        built = self.shared('build', '-j1', *options, '--cache', cache, '--for', ' '.join(words))
        assert built.code == 0, built.err
        env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
        directory = self._inputs('whole', inputs)
        subprocess.run(self._command(words, inputs), env=env, cwd=directory, check=True, capture_output=True)
        return self._outputs(directory)

    def lazy(self, home: Emroot, words: list[str], inputs: dict[str, str], name: str = 'lazy',
             env: dict[str, str] | None = None, options: Sequence[object] = ()) -> tuple[Outputs, str]:
        """Link lazily; and the line in which emroot says what it took, empty if the libraries were whole after all."""
        directory = self._inputs(name, inputs)
        ran = home('link', *options, '--cache', self.place / f'{name} cache', '-j2', '--', *self._command(words, inputs),
                   cwd=directory, env={'PYTHONDONTWRITEBYTECODE': '1', **(env or {})})
        assert ran.code == 0, ran.err
        return self._outputs(directory), next((line for line in ran.err.splitlines() if line.startswith('linked with')), '')

    def forget(self) -> None:
        """Forget programs, and what lazy links left in their cache directory."""
        cache = self.place / 'lazy cache'
        for directory in (self.place / 'whole', self.place / 'lazy', cache / '.emroot' / 'lazy',
                          *(cache / 'sysroot' / 'lib').glob('wasm*')):
            shutil.rmtree(directory, ignore_errors=True)

    def _command(self, words: list[str], inputs: dict[str, str]) -> list[str]:
        sources = [name for name in inputs if name.endswith(('.c', '.cpp'))]
        return [*self.sdk.python, '-B', str(self.sdk.root / f'{words[0]}.py'), *words[1:], *sources, '-o', 'app.js']

    def _inputs(self, name: str, inputs: dict[str, str]) -> Path:
        directory = self.place / name
        directory.mkdir(exist_ok=True)
        for file, text in inputs.items():
            (directory / file).parent.mkdir(exist_ok=True)
            (directory / file).write_text(text, encoding='utf-8')
        return directory

    @staticmethod
    def _outputs(directory: Path) -> Outputs:
        return {path.name: path.read_bytes() for path in directory.iterdir() if path.name.startswith('app.')}


@pytest.fixture
def linking(sdk: Sdk, shared: Emroot, tmp_path: Path) -> Lazy:
    """Links in a directory of their own."""
    return Lazy(sdk, shared, tmp_path)


@pytest.fixture
def indexed(seen: Emroot, shared: Emroot, tmp_path: Path) -> Indexed:
    """Makes a home that has seen the SDK, and knows the indexes of what a link needs; it has built nothing."""
    def make(words: list[str]) -> Emroot:
        file = tmp_path / 'indexes'
        for step in ((shared, 'export', '--for', ' '.join(words), '-j2', '--cache', tmp_path / 'indexed', '-o', file),
                     (seen, 'import', file)):
            ran = step[0]('index', *step[1:])
            assert ran.code == 0, ran.err
        return seen
    return make


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


def test_other_links_never_see_a_part_of_an_archive(linking: Lazy, indexed: Indexed):
    """Only what is complete comes into the cache directory."""
    assert linking.lazy(indexed(SMALL), SMALL, SOURCE)[1]
    found = archives(linking.place / 'lazy cache')
    assert not [path for path in found if path.endswith('libsockets.a')]
    linking.whole(SMALL, SOURCE)
    assert found.items() <= archives(linking.place / 'whole cache').items()
    assert not list((linking.place / 'lazy cache' / '.emroot' / 'tmp').glob('*'))


def _changed(index: Index, how: str) -> Index:
    """An index with something wrong about a member that the small link pulls, or about another one."""
    members = {m.name: m for m in index.members}
    pulled, other = members['bind.o'], members['accept.o']
    changed: dict[str, dict[str, Member]] = {
        'missing': {'bind.o': dataclasses.replace(pulled, defined=())},
        'extra': {'accept.o': dataclasses.replace(other, defined=(*other.defined, 'bind'))},
        'swapped': {'bind.o': dataclasses.replace(other, name='bind.o'),
                    'accept.o': dataclasses.replace(pulled, name='accept.o')},
        'stale': {'bind.o': dataclasses.replace(pulled, digest='0123456789ab')},
        'fewer references': {'bind.o': dataclasses.replace(pulled, undefined=())},
        'of another kind': {'bind.o': dataclasses.replace(pulled, bitcode=True)},
    }
    return Index(tuple(changed[how].get(m.name, m) for m in index.members))


@pytest.mark.parametrize('how', ['missing', 'extra', *(pytest.param(how, marks=pytest.mark.slow) for how in (
    'swapped', 'stale', 'fewer references', 'of another kind'))])
def test_an_index_that_is_wrong_never_gives_a_wrong_program(how: str, linking: Lazy, sdk: Sdk, indexed: Indexed):
    lazily = indexed(SMALL)
    key = next(a.key for a in plan_of(lazily.home, sdk.root, SMALL).archives if a.target == 'libsockets')
    with Store(lazily.home / 'store') as store:
        index = find_index(store, key)
        assert index
        keep_index(store, key, _changed(index, how))
    made, said = linking.lazy(lazily, SMALL, SOURCE)
    assert not said, 'nobody noticed'
    assert made == linking.whole(SMALL, SOURCE)


def _failing(sdk: Sdk, place: Path, *flags: str) -> list[object]:
    (place / 'main.c').write_text(SOURCE['main.c'])
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


def test_any_other_failure_is_that_of_whole_libraries(sdk: Sdk, tmp_path: Path, indexed: Indexed):
    link = _failing(sdk, tmp_path, '-Wl,--initial-memory=65535')
    ran = indexed(SMALL)('link', '--cache', tmp_path / 'cache', '--', *link, cwd=tmp_path)
    assert ran.code == 1
    assert 'wasm-ld: error' in ran.err and '.emroot' not in ran.err
    assert any(path.endswith('libsockets.a') for path in archives(tmp_path / 'cache'))


PREDICTED = ['emcc', '-sMEMORY64', '-flto', *SMALL[2:]]
#: What JavaScript may want of code that is linked with LTO.
WITH_LTO = {'main.c': f"{SOURCE['main.c']}short htons(short v) {{ return v; }}\nshort ntohs(short v) {{ return v; }}\n"
                      "char *strerror(int n) { return 0; }\n"}


@pytest.fixture
def without_shipped(tmp_path: Path) -> dict[str, str]:
    """An environment with an emroot with which no indexes come."""
    shutil.copytree(SOURCE_OF_EMROOT, tmp_path / 'src', ignore=shutil.ignore_patterns('*.index', '__pycache__'))
    return {'PYTHONPATH': str(tmp_path / 'src')}


def test_without_an_index_a_link_can_be_lazy_too(linking: Lazy, seen: Emroot, without_shipped: dict[str, str]):
    """What is left out was looked at by the compiler's front end, once."""
    predict = {'EMROOT_LAZY': 'predict', **without_shipped}
    made, said = linking.lazy(seen, PREDICTED, WITH_LTO, env=predict)
    assert 'without an index' in said and 'front end' in said
    assert int(said.split()[2]) < int(said.split()[4]) / 4
    assert made == linking.whole(PREDICTED, WITH_LTO)
    again, said = linking.lazy(seen, PREDICTED, WITH_LTO, name='again', env=predict)
    assert again == made
    assert '; 0 compiled;' in said and 'front end' not in said


def test_unless_predictions_are_wanted_what_has_no_index_is_built_whole(linking: Lazy, seen: Emroot,
                                                                        without_shipped: dict[str, str]):
    assert not linking.lazy(seen, PREDICTED, WITH_LTO, env=without_shipped)[1]


@pytest.mark.parametrize('how', ['nothing', pytest.param('everything swapped', marks=pytest.mark.slow)])
def test_a_prediction_that_is_wrong_costs_compiles_and_nothing_else(how: str, linking: Lazy, indexed: Indexed, sdk: Sdk,
                                                                    without_shipped: dict[str, str]):
    """A relative's index that has no names, or each member's under the next one's."""
    lazily = indexed(SMALL)
    relative = plan_of(lazily.home, sdk.root, SMALL)
    with Store(lazily.home / 'store') as store:
        for archive in relative.archives:
            index = find_index(store, archive.key)
            if index:
                found = index.members if how == 'everything swapped' else [Member('', ()) for _ in index.members]
                keep_index(store, archive.key, Index(tuple(
                    dataclasses.replace(found[n - 1], name=member.name) for n, member in enumerate(index.members))))
    known = KnownKeys(Catalogue(sdk, find_home(lazily.home)), 'source')
    known.learn(relative)
    known.save()
    made, said = linking.lazy(lazily, PREDICTED, WITH_LTO, options=['--lazy', 'predict'], env=without_shipped)
    assert 'without an index' in said
    assert made == linking.whole(PREDICTED, WITH_LTO)


def test_a_port_is_built_whole_and_the_link_is_lazy_all_the_same(linking: Lazy, indexed: Indexed, tmp_path: Path):
    pretend_zlib(tmp_path / 'ports' / 'zlib')
    source = {'main.c': f"#include <zlib.h>\n{SOURCE['main.c']}int more(void) {{ return zutil_of_this_zlib; }}\n"}
    link = [*SMALL[:-1], '-sUSE_ZLIB', f'{SMALL[-1]},_more']
    options = ['--ports-from', tmp_path / 'ports']
    made, said = linking.lazy(indexed(SMALL), link, source, options=options)
    assert said
    assert [Path(path).name for path in archives(tmp_path / 'lazy cache')] == ['libz.a']
    assert made == linking.whole(link, source, options)


def _wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until, 'waited a minute'
        time.sleep(0.05)


def _todo(cache: Path) -> list[Path]:
    return list((cache / '.emroot' / 'lazy' / 'todo').glob('*.json'))


def test_libraries_are_completed_in_the_background_if_wanted(linking: Lazy, indexed: Indexed):
    cache = linking.place / 'lazy cache'
    assert linking.lazy(indexed(SMALL), SMALL, SOURCE, options=['--complete'])[1]
    _wait_for(lambda: not _todo(cache))
    linking.whole(SMALL, SOURCE)
    assert archives(cache) == archives(linking.place / 'whole cache')


def test_of_what_completes_there_is_one_and_the_next_does_what_a_killed_one_left(linking: Lazy, indexed: Indexed, sdk: Sdk):
    """A process that finds another at it leaves the note to it; the lock of one that was killed is free."""
    cache, home = linking.place / 'lazy cache', indexed(SMALL)
    assert linking.lazy(home, SMALL, SOURCE)[1]
    write_memo(cache / '.emroot' / 'lazy' / 'todo' / 'wasm64.json', {'targets': ['libsockets']})
    command = [sys.executable, '-m', 'emroot.cli.completing', '--sdk', str(sdk.root), '--home', str(home.home),
               '--cache', str(cache)]
    with try_lock(cache / '.emroot' / 'lazy' / 'completing.lock') as held:
        assert held
        subprocess.run(command, env=plain_environment(), check=True)
        assert _todo(cache) and not archives(cache)
    subprocess.run(command, env=plain_environment(), check=True)
    assert not _todo(cache)
    assert [Path(path).name for path in archives(cache)] == ['libsockets.a']


@pytest.mark.parametrize('words', [['em++', '-sMEMORY64'], ['em++', '-sMEMORY64', '-flto=thin', '-fwasm-exceptions', '-O1']],
                         ids=' '.join)
def test_indexes_are_small_and_a_closure_takes_no_time(words: list[str], shared: Emroot, sdk: Sdk):
    """Of all libraries of a C++ link: less than 100 KB, packed, and 100 ms."""
    archives_ = [archive for archive in plan_of(shared.home, sdk.root, words).archives if archive.how == 'archive']
    indexes = {archive.key: index for archive in archives_ if (index := find_shipped(sdk.digest, archive.key))}
    assert len(indexes) == len(archives_) > 8
    assert len(encode_indexes(indexes)) < 100_000
    known = list(indexes.values())
    wanted = {'_ZNSt3__24coutE', '_ZNSt3__26localeC1Ev', 'main', 'printf', 'malloc', '__cxa_throw'}
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        found = Closure(known, Roots(wanted))
        seconds.append(time.perf_counter() - began)
    assert sum(map(len, found.needed)) > 100
    assert min(seconds) < 0.1, seconds


@pytest.mark.slow
@pytest.mark.parametrize('words', [['em++', '-sMEMORY64'], ['em++', '-sMEMORY64', '-flto=thin', '-fwasm-exceptions', '-O1'],
                                   ['em++', '-fwasm-exceptions', '-pthread']], ids=' '.join)
def test_no_object_defines_what_its_sketch_does_not_have(words: list[str], shared: Emroot, sdk: Sdk, tmp_path: Path):
    """All objects of a C++ link's libraries; of those in C, sketches have not one name more, either."""
    cache = tmp_path / 'cache'
    built = shared('build', '-j2', '--cache', cache, '--for', ' '.join(words))
    assert built.code == 0, built.err
    plan = plan_of(shared.home, sdk.root, words)
    build = Build(Catalogue(sdk, find_home(shared.home)), find_home(shared.home), Store(shared.home / 'store'), cache)
    sketches, looked_at = Sketches(build, plan), 0
    for archive in plan.archives:
        if archive.how != 'archive':
            continue
        drawn = sketches([(archive, {name for name, _ in archive.members})])[archive.name]
        index = index_archive(find_nm(sdk.tools), cache / archive.path)
        for member, (name, key) in zip(index.members, archive.members, strict=True):
            compile_ = plan.compiles[key]
            assert member.bitcode == gives_bitcode(compile_), member.name
            assert name in drawn or not can_be_sketched(compile_) or 'asm' in _text(sdk, compile_), name
            if name in drawn:
                assert set(member.defined) <= drawn[name].defined, name
                assert not compile_.source.endswith('.c') or drawn[name].defined - TAGS == set(member.defined) - TAGS, name
                looked_at += 1
    assert looked_at > 1000


def _text(sdk: Sdk, compile_: Compile) -> str:
    return (sdk.root / 'system' / 'lib' / 'libc' / compile_.source.replace('{sdk}', str(sdk.root))).read_text()


@pytest.mark.parametrize('flag', ['-Wl,--Map=app.map', pytest.param('-Wl,--trace', marks=pytest.mark.slow)])
def test_where_the_link_tells_of_whole_archives_it_gets_them(flag: str, linking: Lazy, indexed: Indexed):
    made, said = linking.lazy(indexed(SMALL), [*SMALL, flag], SOURCE)
    assert made and not said


def test_lazy_links_can_be_switched_off(linking: Lazy, indexed: Indexed):
    lazily = indexed(SMALL)
    made, said = linking.lazy(lazily, SMALL, SOURCE, env={'EMROOT_LAZY': 'off'})
    assert not said
    assert any(path.endswith('libsockets.a') for path in archives(linking.place / 'lazy cache'))
    assert made == linking.whole(SMALL, SOURCE)


@pytest.fixture(scope='module')
def common(sdk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the homes and caches of all comparisons with one SDK, which take minutes to make anew each time."""
    return tmp_path_factory.mktemp('common')


@pytest.mark.slow
@pytest.mark.parametrize('program', PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_a_lazy_link_gives_the_bytes_of_a_whole_one(program: Program, common: Path, shared: Emroot, sdk: Sdk, tmp_path: Path):
    print(program.name, _compare(program, Lazy(sdk, shared, common), tmp_path, indexes=True))


@pytest.mark.slow
@pytest.mark.parametrize('program', WITHOUT_INDEX, ids=[program.name for program in WITHOUT_INDEX])
def test_a_predicted_link_gives_the_bytes_of_a_whole_one(program: Program, common: Path, shared: Emroot, sdk: Sdk,
                                                         tmp_path: Path):
    """Of most there is a relative among the indexes that come with emroot."""
    said = _compare(program, Lazy(sdk, shared, common), tmp_path, indexes=False)
    print(program.name, said)
    assert 'without an index' in said


@pytest.mark.slow
def test_a_release_of_which_nothing_is_known_can_be_predicted_too(common: Path, shared: Emroot, sdk: Sdk, tmp_path: Path,
                                                                  without_shipped: dict[str, str]):
    """Without the indexes that come with emroot, there is not even a relative."""
    said = _compare(Program('emcc', '-sMEMORY64 -sDEFAULT_TO_CXX=0', 'hello'), Lazy(sdk, shared, common), tmp_path, indexes=False,
                    env=without_shipped)
    assert 'without an index' in said


def _compare(program: Program, linking: Lazy, place: Path, *, indexes: bool, env: dict[str, str] | None = None) -> str:
    """Link a program lazily, where all objects are there already, and whole; what emroot said of the former."""
    sdk, shared, words, inputs = linking.sdk, linking.shared, [program.driver, *program.flags.split()], _inputs(program, place)
    linking.forget()
    written = shared('index', 'export', '-j1', '--for', ' '.join(words), '--cache', linking.place / 'whole cache',
                     '-o', place / 'file')
    assert written.code == 0, written.err
    lazily = lazy_home(linking.place / f'home {indexes}', shared, [plan_of(shared.home, sdk.root, words)], objects=True,
                       indexes=indexes)
    try:
        whole = linking.whole(words, inputs)
    except subprocess.CalledProcessError as error:
        pytest.skip(f'plain emcc cannot link it here: {error.stderr.decode(errors="replace").strip().splitlines()[-1]}')
    made, said = linking.lazy(lazily, words, inputs, options=[] if indexes else ['--lazy', 'predict'], env=env)
    assert said, 'it was linked with whole libraries'
    assert made.keys() == whole.keys()
    assert [name for name in made if made[name] != whole[name]] == []
    if '-sMEMORY64' in words and sdk.node_version < (24,):
        cannot_run(f'wasm64 programs need Node 24, the SDK has {sdk.node_version}; they were compared, though')
    arguments = PROJECTS[program.source].arguments.split() if program.source in PROJECTS else []
    ran = subprocess.run([*sdk.node, 'app.js', *arguments], cwd=linking.place / 'lazy', stdin=subprocess.DEVNULL,
                         capture_output=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return said


def _inputs(program: Program, place: Path) -> dict[str, str]:
    own = (CXX if program.driver == 'em++' else C).get(program.source)
    if own is not None:
        return {'main.cpp' if program.driver == 'em++' else 'main.c': own}
    project = PROJECTS[program.source]
    try:
        source = copy_source(project.package, place / 'source')
    except SourceUnavailable as error:
        cannot_run(str(error))
    sources = [path for pattern in project.sources.split() for path in sorted(source.glob(pattern))
               if path.name not in project.without.split()]
    headers = {path.relative_to(source / top).as_posix(): path for top in ('.', *project.includes.split())
               for path in sorted((source / top).glob('*.h'))}
    assert len(sources) > 1
    return {**{name: path.read_text(encoding='latin-1') for name, path in headers.items()},
            **{path.name: project.before + path.read_text(encoding='latin-1') for path in sources},
            **({'main.c': project.main} if project.main else {})}
