"""Lazy links: only what a link pulls is compiled, and the program is the one that whole libraries give."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lazy_programs import CXX, PROGRAMS, C, Program
from lazy_support import lazy_home, plan_of
from support.running import Emroot, cannot_run, plain_environment
from support.trees import archives

from dev.sources import SourceUnavailable, copy_source
from emroot.index import Index, Member
from emroot.index.keep import find_index, keep_index
from emroot.sdk import Sdk
from emroot.store import Store

FLAGS = ['-sMEMORY64', '-sDEFAULT_TO_CXX=0']
LINK = ['emcc', *FLAGS]
Outputs = dict[str, bytes]


class Lazy:
    """Links of one program, lazy and whole, and what they give."""

    def __init__(self, sdk: Sdk, shared: Emroot, place: Path) -> None:
        self.sdk, self.shared, self.place = sdk, shared, place

    def whole(self, words: list[str], inputs: dict[str, str]) -> Outputs:
        """Link with whole libraries."""
        cache = self.place / 'whole cache'
        built = self.shared('build', '-j2', '--cache', cache, '--for', ' '.join(words))
        assert built.code == 0, built.err
        env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
        directory = self._inputs('whole', inputs)
        subprocess.run(self._command(words, inputs), env=env, cwd=directory, check=True, capture_output=True)
        return self._outputs(directory)

    def lazy(self, home: Emroot, words: list[str], inputs: dict[str, str], name: str = 'lazy') -> tuple[Outputs, str]:
        """Link lazily; and the line in which emroot says what it took, empty if the libraries were whole after all."""
        directory = self._inputs(name, inputs)
        ran = home('link', '--cache', self.place / f'{name} cache', '-j2', '--', *self._command(words, inputs), cwd=directory,
                   env={'PYTHONDONTWRITEBYTECODE': '1'})
        assert ran.code == 0, ran.err
        return self._outputs(directory), next((line for line in ran.err.splitlines() if line.startswith('linked with')), '')

    def _command(self, words: list[str], inputs: dict[str, str]) -> list[str]:
        sources = [name for name in inputs if name.endswith(('.c', '.cpp'))]
        return [*self.sdk.python, '-B', str(self.sdk.root / f'{words[0]}.py'), *words[1:], *sources, '-o', 'app.js']

    def _inputs(self, name: str, inputs: dict[str, str]) -> Path:
        directory = self.place / name
        directory.mkdir(exist_ok=True)
        for file, text in inputs.items():
            (directory / file).write_text(text, encoding='utf-8')
        return directory

    @staticmethod
    def _outputs(directory: Path) -> Outputs:
        return {path.name: path.read_bytes() for path in directory.iterdir() if path.name.startswith('app.')}


@pytest.fixture
def linking(sdk: Sdk, shared: Emroot, tmp_path: Path) -> Lazy:
    """Links in a directory of their own."""
    return Lazy(sdk, shared, tmp_path)


@pytest.fixture(scope='session')
def _indexed() -> dict[Path, bool]:
    return {}


@pytest.fixture
def home(sdk: Sdk, shared: Emroot, tmp_path: Path, _indexed: dict[Path, bool]) -> Callable[..., Emroot]:
    """Makes a home that knows the indexes of what a C program of 64 bits needs; with `objects`, it needs to compile nothing."""
    if sdk.root not in _indexed:
        written = shared('index', 'export', '--for', ' '.join(LINK), '-j2', '--cache', tmp_path / 'indexed',
                         '-o', tmp_path / 'file')
        assert written.code == 0, written.err
        _indexed[sdk.root] = True

    def make(*, objects: bool) -> Emroot:
        return lazy_home(tmp_path / f'home {objects}', shared, [plan_of(shared.home, sdk.root, LINK)], objects=objects)
    return make


def test_the_first_link_in_a_mode_compiles_what_it_pulls_and_gives_the_same_program(linking: Lazy, home: Callable[..., Emroot]):
    """And a second one what it pulls beyond that."""
    lazily = home(objects=False)
    first, said = linking.lazy(lazily, LINK, {'main.c': C['hello']})
    assert first == linking.whole(LINK, {'main.c': C['hello']})
    real, total = int(said.split()[2]), int(said.split()[4])
    assert real < total / 10, said
    compiled = int(said.split('; ')[1].split()[0])
    assert compiled <= real
    second, said = linking.lazy(lazily, LINK, {'main.c': C['scan']})
    assert second == linking.whole(LINK, {'main.c': C['scan']})
    assert int(said.split('; ')[1].split()[0]) <= int(said.split()[2]) - compiled / 2, said


def test_other_links_never_see_a_part_of_an_archive(linking: Lazy, home: Callable[..., Emroot]):
    lazily = home(objects=True)
    linking.lazy(lazily, LINK, {'main.c': C['hello']})
    found = archives(linking.place / 'lazy cache')
    linking.whole(LINK, {'main.c': C['hello']})
    whole = archives(linking.place / 'whole cache')
    assert not any(path.endswith('libc-debug.a') for path in found)
    assert found.items() <= whole.items()
    assert not list((linking.place / 'lazy cache' / '.emroot' / 'tmp').glob('*'))


def _changed(index: Index, how: str) -> Index:
    """An index with something wrong about a member that `hello` pulls, or about all that it does not."""
    members = {m.name: m for m in index.members}
    victim, other = members['puts.o'], members['qsort.o']
    changed: dict[str, Member] = {
        'missing': {'puts.o': dataclasses.replace(victim, defined=())},
        'extra': {'qsort.o': dataclasses.replace(other, defined=(*other.defined, 'puts'))},
        'swapped': {'puts.o': dataclasses.replace(victim, defined=other.defined, undefined=other.undefined),
                    'qsort.o': dataclasses.replace(other, defined=victim.defined, undefined=victim.undefined)},
        'stale': {'puts.o': dataclasses.replace(victim, digest='0123456789ab')},
        'fewer references': {'puts.o': dataclasses.replace(victim, undefined=())},
    }[how]
    return Index(tuple(changed.get(m.name, m) for m in index.members))


@pytest.mark.parametrize('how', ['missing', 'extra', 'swapped', 'stale', 'fewer references'])
def test_an_index_that_is_wrong_never_gives_a_wrong_program(how: str, linking: Lazy, home: Callable[..., Emroot], sdk: Sdk):
    lazily = home(objects=True)
    key = next(a.key for a in plan_of(lazily.home, sdk.root, LINK).archives if a.target == 'libc-debug')
    with Store(lazily.home / 'store') as store:
        index = find_index(store, key)
        assert index
        keep_index(store, key, _changed(index, how))
    assert linking.lazy(lazily, LINK, {'main.c': C['hello']})[0] == linking.whole(LINK, {'main.c': C['hello']})


def test_a_link_that_fails_says_so_in_the_linkers_own_words(linking: Lazy, home: Callable[..., Emroot], sdk: Sdk, tmp_path: Path):
    (tmp_path / 'main.c').write_text('int there_is_none(void);\nint main(void) { return there_is_none(); }\n')
    emcc = [*sdk.python, '-B', sdk.root / 'emcc.py', *FLAGS]
    ran = home(objects=True)('link', '--cache', tmp_path / 'cache', '--', *emcc, 'main.c', '-o', 'app.js', cwd=tmp_path)
    assert ran.code == 1
    assert 'undefined symbol: there_is_none' in ran.err
    assert '.emroot' not in ran.err
    assert not (tmp_path / 'app.wasm').exists()


@pytest.mark.parametrize('flag', ['-Wl,--Map=app.map', '-Wl,--trace', '-Wl,--whole-archive'])
def test_where_the_link_tells_of_whole_archives_it_gets_them(flag: str, linking: Lazy, home: Callable[..., Emroot]):
    words = [*LINK[:2], '-nostdlib', '--no-entry', '-sEXPORTED_FUNCTIONS=_answer', flag, '-lsockets']
    source = {'main.c': 'int answer(void) { return 42; }\nvoid *_emscripten_stack_alloc(unsigned long n) { return 0; }\n'
              'void *emscripten_stack_get_current(void) { return 0; }\nvoid _emscripten_stack_restore(void *p) {}\n'}
    _, said = linking.lazy(home(objects=True), words, source)
    assert not said


@pytest.mark.slow
@pytest.mark.parametrize('program', PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_a_lazy_link_gives_the_bytes_of_a_whole_one(program: Program, linking: Lazy, shared: Emroot, sdk: Sdk, tmp_path: Path):
    if sdk.node_version < (24,):
        cannot_run(f'wasm64 programs need Node 24, the SDK has {sdk.node_version}')
    words, inputs = [program.driver, *program.flags.split()], _inputs(program, tmp_path)
    written = shared('index', 'export', '-j2', '--for', ' '.join(words), '--cache', tmp_path / 'whole cache',
                     '-o', tmp_path / 'file')
    assert written.code == 0, written.err
    lazily = lazy_home(tmp_path / 'home', shared, [plan_of(shared.home, sdk.root, words)], objects=True)
    try:
        whole = linking.whole(words, inputs)
    except subprocess.CalledProcessError as error:
        pytest.skip(f'plain emcc cannot link it here: {error.stderr.decode(errors="replace").strip().splitlines()[-1]}')
    made, said = linking.lazy(lazily, words, inputs)
    assert said, 'it was linked with whole libraries'
    assert made.keys() == whole.keys()
    assert [name for name in made if made[name] != whole[name]] == []
    ran = subprocess.run([*sdk.node, 'app.js'], cwd=tmp_path / 'lazy', capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0 or program.source in ('zlib', 'bzip2'), ran.stderr
    print(program.name, said)


def _inputs(program: Program, place: Path) -> dict[str, str]:
    own = (CXX if program.driver == 'em++' else C).get(program.source)
    if own is not None:
        return {'main.cpp' if program.driver == 'em++' else 'main.c': own}
    try:
        source = copy_source(program.source, place / 'source')
    except SourceUnavailable as error:
        cannot_run(str(error))
    names = {'zlib': 'adler32 crc32 deflate infback inffast inflate inftrees trees zutil compress uncompr gzclose gzlib gzread '
                     'gzwrite test/example',
             'bzip2': 'blocksort huffman crctable randtable compress decompress bzlib bzip2'}[program.source].split()
    found = {os.path.basename(name) + '.c': (source / f'{name}.c').read_text(encoding='latin-1') for name in names}
    headers = [*source.glob('*.h'), *source.glob('test/*.h')]
    return {**{path.name: path.read_text(encoding='latin-1') for path in headers}, **found}
