"""A lazy link of a kind that was made before is made again without starting emroot, and only if nothing else can be needed."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lazy_support import SMALL
from support.freestanding import STACK
from support.running import Emroot, Ran

from emroot.probe.emcc_hook.repeated_links import LINKS, RECORD

#: What libsockets looks for outside of itself.
OUTSIDE = '''int __syscall_bind(int a, int b, int c, int d, int e, int f) { return 42; }
int __syscall_listen(int a, int b, int c, int d, int e, int f) { return 43; }
int __syscall_recvfrom(int a, void *b, unsigned long c, int d, void *e, void *f) { return 44; }
long __syscall_ret(unsigned long r) { return r; }
''' + STACK
#: What JavaScript needs of a program of bitcode, whatever that calls.
FOR_BITCODE = '''unsigned short htons(unsigned short x) { return x; }
unsigned short ntohs(unsigned short x) { return x; }
char *strerror(int x) { return 0; }
int __cxa_atexit(void (*f)(void *), void *a, void *d) { return 0; }
'''
#: Programs: with one member of the library; with another; with both; with a member that needs a third one, and with one's own
#: function in its stead; and with none.
PROGRAMS = {
    'bind': 'int bind(int, void *, unsigned); int answer(void) { return bind(1, 0, 0); }',
    'listen': 'int listen(int, int); int answer(void) { return listen(1, 0); }',
    'both': 'int bind(int, void *, unsigned); int listen(int, int); int answer(void) { return bind(1, 0, 0) + listen(1, 0); }',
    'recv': 'long recv(int, void *, unsigned long, int); int answer(void) { return recv(1, 0, 0, 0); }',
    'own recvfrom': 'long recv(int, void *, unsigned long, int); int answer(void) { return recv(1, 0, 0, 0); }'
                    'long recvfrom(int a, void *b, unsigned long c, int d, void *e, void *f) { return 45; }',
    'own bind': 'int bind(int a, void *b, unsigned c) { return 46; } int answer(void) { return bind(1, 0, 0); }',
    'weak': 'int bind(int, void *, unsigned) __attribute__((weak)); int answer(void) { return bind ? 1 : 2; }',
    'absent': 'int absent(void); int bind(int, void *, unsigned); int answer(void) { return absent() + bind(1, 0, 0); }',
}


class Project:
    """Links of one project in one cache directory."""

    def __init__(self, emroot: Emroot, directory: Path, options: tuple[str, ...] = (), env: dict[str, str] | None = None) -> None:
        self.emroot, self.directory, self.options, self.env, self.flags = emroot, directory, options, env, list[str]()
        self.cache = directory / 'cache'
        directory.mkdir()

    def link(self, name: str) -> tuple[bytes, bool]:
        """The program, and whether emroot was started for the link."""
        ran, started = self._run(name)
        assert ran.code == 0, ran.err
        return (self.directory / 'build' / 'main.wasm').read_bytes(), started

    def fail(self, name: str) -> tuple[list[str], bool]:
        """What the linker says of a link that fails, and whether emroot was started for it."""
        ran, started = self._run(name)
        assert ran.code == 1 and not (self.directory / 'build' / 'main.wasm').exists()
        lines = (re.sub(r'\S+/', '', line) for line in ran.err.splitlines())
        return sorted(line for line in lines if line.startswith('wasm-ld: ')), started

    def _run(self, name: str) -> tuple[Ran, bool]:
        directory = self.directory / 'build'
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        (directory / 'main.c').write_text(OUTSIDE + (FOR_BITCODE if self.flags else '') + PROGRAMS[name])
        before = self._logs()
        ran = self.emroot('run', *self.options, '--cache', self.cache, '--', sys.executable, '-E', '-B',
                          f'{self.emroot.sdk}/emcc.py', 'main.c', *SMALL[1:], *self.flags, '-o', 'main.js', cwd=directory,
                          env=self.env)
        return ran, self._logs() != before

    def records(self) -> list[Path]:
        """The records of its links."""
        return sorted((self.cache / LINKS).glob(f'*/{RECORD}'))

    def _logs(self) -> set[Path]:
        return set((self.emroot.home / 'logs').rglob('*.log'))


@pytest.fixture
def project(seen: Emroot, tmp_path: Path) -> Project:
    return Project(seen, tmp_path / 'project')


@pytest.fixture(scope='module')
def whole_project(sdk_root: Path, tmp_path_factory: pytest.TempPathFactory, built_before: dict[str, str]) -> Project:
    """Links with whole libraries."""
    directory = tmp_path_factory.mktemp('whole')
    return Project(Emroot(directory / 'home', sdk_root), directory / 'project', ('--lazy=off',), built_before)


@pytest.fixture
def whole(whole_project: Project) -> Callable[[str], bytes]:
    """The programs that whole libraries give."""
    whole_project.flags = []
    return lambda name: whole_project.link(name)[0]


def test_a_link_is_repeated_without_starting_emroot(project: Project, whole: Callable[[str], bytes]):
    first, started = project.link('bind')
    assert started and len(project.records()) == 1
    assert project.link('bind') == (first, False)
    assert first == whole('bind')


def test_programs_of_one_kind_share_a_record_that_grows(project: Project, whole: Callable[[str], bytes]):
    names = ('bind', 'listen', 'both', 'recv')
    assert [project.link(name)[1] for name in names] == [True, True, False, True]
    assert len(project.records()) == 1
    for name in names:
        assert project.link(name) == (whole(name), False), name


def test_a_link_that_fails_is_repeated_too(project: Project, whole_project: Project):
    whole_project.flags = []
    said, started = project.fail('absent')
    assert started and 'undefined symbol: absent' in ' '.join(said)
    assert project.fail('absent') == (said, False)
    assert whole_project.fail('absent')[0] == said
    assert project.link('bind') == (whole_project.link('bind')[0], False)  # it needs nothing else
    assert project.link('listen')[1]
    project.flags = whole_project.flags = ['-lnowhere']
    said, started = project.fail('bind')
    assert started and 'unable to find library -lnowhere' in ' '.join(said)
    assert project.fail('listen') == (said, False)  # no input was looked at
    assert whole_project.fail('listen')[0] == said


def test_links_of_one_kind_that_are_made_at_the_same_time_share_a_record(project: Project, whole: Callable[[str], bytes],
                                                                         tmp_path: Path):
    other = Project(project.emroot, tmp_path / 'other')
    other.cache = project.cache
    with ThreadPoolExecutor() as pool:
        assert all(started for _, started in pool.map(lambda each: each[0].link(each[1]), [(project, 'bind'), (other, 'listen')]))
    assert project.link('both') == (whole('both'), False)


@pytest.mark.parametrize('flags', [['-flto'], pytest.param(['-flto=thin', '-O2'], marks=pytest.mark.slow)])
def test_links_of_bitcode_are_repeated_with_what_is_compiled(project: Project, whole_project: Project, flags: list[str]):
    project.flags = whole_project.flags = flags
    names = ('bind', 'own bind', 'listen', 'weak', 'both')
    assert [project.link(name)[1] for name in names] == [True, False, True, False, False]
    for name in names:
        assert project.link(name) == (whole_project.link(name)[0], False), name
    said = whole_project.fail('absent')[0]
    assert [project.fail('absent') for _ in range(2)] == [(said, True), (said, False)]


PAIRS = [('own recvfrom', 'recv'), ('own bind', 'bind'), ('weak', 'bind'), ('bind', 'weak'), ('recv', 'own recvfrom'),
         ('bind', 'own bind')]


@pytest.mark.parametrize(('first', 'then'), [PAIRS[0], *(pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS[1:])])
def test_what_one_program_defines_itself_another_gets_from_the_library(project: Project, whole: Callable[[str], bytes],
                                                                      first: str, then: str):
    for name in (first, then, first, then):
        assert project.link(name)[0] == whole(name), name


@pytest.mark.parametrize('damage', ['archives', pytest.param('record', marks=pytest.mark.slow),
                                    pytest.param('directory', marks=pytest.mark.slow)])
def test_a_damaged_record_costs_time_and_no_link(project: Project, whole: Callable[[str], bytes], damage: str):
    project.link('bind')
    [record] = project.records()
    if damage == 'record':
        record.write_text(json.dumps({'archives': []}))
    elif damage == 'archives':
        for archive in record.parent.glob('*.a'):
            archive.write_bytes(archive.read_bytes()[:100])
    else:
        shutil.rmtree(record.parent)
    program, started = project.link('bind')
    assert started and program == whole('bind')
    assert project.link('bind') == (program, False)


@pytest.mark.slow
def test_a_library_that_was_built_since_is_linked_as_it_is(project: Project, whole: Callable[[str], bytes]):
    project.link('bind')
    built = project.emroot('build', '--features', 'wasm64', '--targets', 'libsockets', '--cache', project.cache)
    assert built.code == 0, built.err
    assert project.link('bind')[0] == whole('bind')
