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

    def whole(self, words: list[str], inputs: dict[str, str]) -> Outputs:
        """Link with whole libraries."""
        cache = self.place / 'whole cache'
        built = self.shared('build', '-j2', '--cache', cache, '--for', ' '.join(words))
        assert built.code == 0, built.err
        env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
        directory = self._inputs('whole', inputs)
        subprocess.run(self._command(words, inputs), env=env, cwd=directory, check=True, capture_output=True)
        return self._outputs(directory)

    def lazy(self, home: Emroot, words: list[str], inputs: dict[str, str], name: str = 'lazy',
             env: dict[str, str] | None = None) -> tuple[Outputs, str]:
        """Link lazily; and the line in which emroot says what it took, empty if the libraries were whole after all."""
        directory = self._inputs(name, inputs)
        ran = home('link', '--cache', self.place / f'{name} cache', '-j2', '--', *self._command(words, inputs), cwd=directory,
                   env={'PYTHONDONTWRITEBYTECODE': '1', **(env or {})})
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


def test_a_link_that_fails_says_so_in_the_linkers_own_words(linking: Lazy, sdk: Sdk, tmp_path: Path, indexed: Indexed):
    (tmp_path / 'main.c').write_text(SOURCE['main.c'])
    emcc = [*sdk.python, '-B', sdk.root / 'emcc.py', *SMALL[1:]]
    ran = indexed(SMALL)('link', '--cache', tmp_path / 'cache', '--', *emcc, '-Wl,--export=none_such', 'main.c', '-o', 'app.js',
                         cwd=tmp_path)
    assert ran.code == 1
    assert 'symbol exported via --export not found: none_such' in ran.err
    assert '.emroot' not in ran.err
    assert not (tmp_path / 'app.wasm').exists()


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
    # What zlib's configure would find out.
    found = {os.path.basename(name) + '.c': f'#include <unistd.h>\n{(source / f"{name}.c").read_text(encoding="latin-1")}'
             for name in names}
    headers = [*source.glob('*.h'), *source.glob('test/*.h')]
    return {**{path.name: path.read_text(encoding='latin-1') for path in headers}, **found}
