"""Commands forked from a loaded program end as those started anew do: exit code, output, directory; and whatever goes wrong
with the loaded one, the work is done."""

from __future__ import annotations

import mmap
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from support.loaded_program import ENV, build_program, loaded
from support.running import SOURCE
from support.waiting import once, wait_until

from emroot.engine.execution import zygote
from emroot.engine.execution.c_programs import preload_library, static_server
from emroot.engine.execution.elf import needed_libraries
from emroot.engine.execution.forkserver import FEW, ForkServers
from emroot.engine.execution.pool import Cancelled, Pool
from emroot.engine.execution.zygote import ZygoteStart

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='Linux has what it takes')


def has_shared_memory() -> bool:
    """Whether servers of static programs give their children memory, and a test may see it."""
    release = re.match(r'(\d+)\.(\d+)', platform.release())
    recent = release is not None and tuple(map(int, release.groups())) >= (5, 14)
    if not recent or platform.machine() != 'x86_64' or not zygote.can_use_huge_pages():
        return False
    try:
        return bool(os.stat(next(Path('/proc/self/map_files').iterdir())))
    except OSError:
        return False


@pytest.fixture(params=['dynamic', 'static'])
def static(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the program is linked statically."""
    monkeypatch.setattr(zygote, 'CONTAINS_LLVM', 1)
    if request.param == 'static' and platform.machine() != 'x86_64':
        pytest.skip('for x86-64 only')
    return request.param == 'static'


@pytest.fixture
def program(tmp_path: Path, static: bool) -> str:
    """What stands for a compiler."""
    return str(build_program(tmp_path, *(['-static'] if static else [])))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the library to preload is kept."""
    return tmp_path / 'a störe: with space'


@pytest.fixture
def preload(program: str, directory: Path, static: bool) -> Iterator[ZygoteStart]:
    """The program, to be loaded."""
    preload = ZygoteStart([program], directory, ENV, static=static)
    yield preload
    preload.close()


@pytest.fixture
def pool() -> Pool:
    """A pool of four workers."""
    return Pool(4)


@pytest.fixture
def servers(pool: Pool, preload: ZygoteStart) -> Iterator[ForkServers]:
    """Fork servers for the program, which is loaded."""
    made = ForkServers(pool, preload)
    assert preload.wait()
    yield made
    made.close()


def _gone(program: str) -> bool:
    wait_until(lambda: not loaded(program))
    return True


@pytest.mark.parametrize('arguments', [['0'], ['3', 'a b', 'späces and "quotes"', ''], ['crash', 'x'], ['read'], []])
def test_a_command_ends_as_if_it_had_been_started_anew(pool: Pool, servers: ForkServers, program: str, tmp_path: Path,
                                                       arguments: list[str]):
    (tmp_path / 'here').mkdir()
    command = [program, *arguments]
    plain = pool.call(command, cwd=tmp_path / 'here', env=ENV)
    for _ in range(2):
        forked = servers.call(command, cwd=tmp_path / 'here', env=ENV)
        assert (forked.code, forked.output) == (plain.code, plain.output)
    assert forked.seconds > 0 and b'kept' in forked.output and b'a trace' not in forked.output
    assert len(loaded(program)) == 2, 'a template, and the one server that it was forked from'


def test_what_many_say_at_once_is_not_mixed_up(pool: Pool, servers: ForkServers, program: str):
    said: dict[int, bytes] = {}

    def job(number: int, _: int) -> None:
        said[number] = servers.call([program, '0', str(number) * 1000], cwd='/', env=ENV).output
    for number in range(200):
        pool.add(1.0, partial(job, number))
    pool.run()
    assert said == {n: f'{program} in /: <0> <{str(n) * 1000}> kept err'.encode() for n in range(200)}
    assert 2 <= len(loaded(program)) <= 5


@pytest.mark.parametrize('kind', ['malloc', 'mmap'])
def test_memory_is_new_for_each_command(servers: ForkServers, program: str, tmp_path: Path, kind: str):
    """It was used by the commands before. None is repeated."""
    for _ in range(3):
        done = servers.call([program, kind], cwd=tmp_path, env=ENV)
        assert (done.code, done.output) == (0, f'{program} in {tmp_path}: <{kind}> kept err'.encode())
    assert (tmp_path / 'used').read_text() == 3 * 'begun used'


@pytest.mark.skipif(not has_shared_memory(), reason='this takes Linux 5.14, x86-64, huge pages and the right to look at maps')
def test_memory_stays_with_the_server(servers: ForkServers, program: str, static: bool):
    """At most 128 MiB of it, and a huge page for its record."""
    if not static:
        assert servers.call([program, 'shared'], cwd='/', env=ENV).code == 1
        return
    assert servers.call([program, 'shared'], cwd='/', env=ENV).code == 0
    assert servers.call([program, 'take', '15'], cwd='/', env=ENV).code == 0
    small = _kept(program)
    assert servers.call([program, 'take', '1'], cwd='/', env=ENV).code == 0
    assert _kept(program) == small > 15
    assert servers.call([program, 'take', '300'], cwd='/', env=ENV).code == 0
    assert 128 <= _kept(program) <= 132


def _kept(program: str) -> float:
    """MiB that the server shares with its children."""
    regions = [(process, line.split()[0]) for process in loaded(program)
               for line in Path(f'/proc/{process}/maps').read_text().splitlines() if ' rw-s ' in line and '/dev/zero' in line]
    (process, region), = regions
    return os.stat(f'/proc/{process}/map_files/{region}').st_blocks * 512 / (1 << 20)


def test_a_command_may_start_others(pool: Pool, servers: ForkServers, program: str):
    """Which have no memory of the server."""
    for command in ([program, 'execute', program, '3'], [program, 'execute', '/bin/sh', '-c', 'echo said; exit 4'],
                    [program, 'fork']):
        plain, forked = (runs.call(command, cwd='/', env=ENV) for runs in (pool, servers))
        assert (forked.code, forked.output) == (plain.code, plain.output)
    assert len(loaded(program)) == 2, 'the server still serves'


@pytest.mark.parametrize('end', ['killed', 'ended'])
def test_a_command_may_end_while_it_takes_memory(servers: ForkServers, program: str, end: str):
    """Its other threads take and return some without end."""
    for _ in range(20):
        servers.call([program, 'threads', end], cwd='/', env=ENV)
        assert servers.call([program, '4'], cwd='/', env=ENV).code == 4
        assert servers.call([program, 'take', '20'], cwd='/', env=ENV).code == 0


def test_stopping_ends_what_runs(pool: Pool, servers: ForkServers, preload: ZygoteStart, program: str):
    ended = []

    def job(_: int) -> None:
        try:
            servers.call([program, 'sleep'], cwd='/', env=ENV)
        except Cancelled:
            ended.append('cancelled')
            raise
    pool.add(1.0, job)
    once(pool.stop, lambda: len(loaded(program)) > 2)
    pool.run()
    servers.close()
    preload.close()
    assert ended == ['cancelled']
    assert _gone(program)


def test_a_server_that_was_killed_costs_nothing_but_time(servers: ForkServers, program: str):
    assert servers.call([program, '4'], cwd='/', env=ENV).code == 4
    for process in loaded(program):
        os.kill(process, signal.SIGKILL)
    assert servers.call([program, '5'], cwd='/', env=ENV).code == 5


def test_a_library_that_cannot_be_loaded_costs_nothing_but_time(pool: Pool, preload: ZygoteStart, directory: Path, program: str,
                                                                static: bool):
    library = (static_server if static else preload_library)(directory)
    assert library
    library.unlink()
    library.write_text('no library')
    servers = ForkServers(pool, preload)
    assert not preload.wait()
    assert servers.call([program, '6'], cwd='/', env=ENV).code == 6
    servers.close()


def test_commands_are_started_as_ever_until_it_isloaded(pool: Pool, preload: ZygoteStart, program: str):
    """Nobody waits for that, not even who has done everything before."""
    servers = ForkServers(pool, preload)
    for code in range(FEW + 3):
        assert servers.call([program, str(code)], cwd='/', env=ENV).code == code
    servers.close()
    preload.close()
    assert _gone(program)


def test_a_few_commands_load_nothing(pool: Pool, preload: ZygoteStart, program: str):
    servers = ForkServers(pool, preload)
    for _ in range(FEW):
        assert servers.call([program, '8'], cwd='/', env=ENV).code == 8
    preload.close()
    assert preload.template is None
    servers.close()


def test_what_is_closed_is_not_loaded_any_more(pool: Pool, preload: ZygoteStart, program: str):
    preload.start()
    preload.close()
    assert _gone(program) and not preload.works and not preload.wait()
    assert ForkServers(pool, preload).call([program, '7'], cwd='/', env=ENV).code == 7


@pytest.mark.parametrize(('other', 'env'), [(True, ENV), (False, {**ENV, 'KEPT': 'other'})])
def test_other_programs_and_environments_are_started_anew(servers: ForkServers, program: str, tmp_path: Path, other: bool,
                                                          env: dict[str, str]):
    command = shutil.copy(program, tmp_path / 'other') if other else program
    done = servers.call([str(command), '0'], cwd='/', env=env)
    assert f' {env["KEPT"]} '.encode() in done.output
    assert len(loaded(program)) == 1  # the template, of which no server was forked


def test_servers_end_with_the_process_that_has_them(program: str, directory: Path, static: bool):
    script = ('import os, sys\nfrom pathlib import Path\nfrom emroot.engine.execution.forkserver import ForkServers\n'
              'from emroot.engine.execution.pool import Pool\nfrom emroot.engine.execution import zygote\n'
              'zygote.CONTAINS_LLVM = 1\n'
              f'preload = zygote.ZygoteStart([{program!r}], Path({str(directory)!r}), dict(os.environ), static={static})\n'
              'assert preload.wait()\nservers = ForkServers(Pool(1), preload)\n'
              f'assert servers.call([{program!r}, "0"], cwd="/", env=dict(os.environ)).code == 0\n'
              'print("ready", flush=True)\nsys.stdin.read()\n')
    process = subprocess.Popen([sys.executable, '-c', script], env={**ENV, 'PYTHONPATH': str(SOURCE)}, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b'ready\n'
        assert len(loaded(program)) == 2
        process.kill()
    assert _gone(program)


def test_without_a_c_compiler_there_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    assert preload_library(tmp_path) is None
    assert static_server(tmp_path) is None


@pytest.mark.skipif(not any(os.access(directory + '/cc', os.X_OK) for directory in os.defpath.split(':')),
                    reason='cc lies elsewhere')
def test_the_library_is_made_without_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Actions of Bazel have none; gcc looks there for its assembler."""
    monkeypatch.delenv('PATH')
    assert preload_library(tmp_path)


def test_a_program_says_which_libraries_it_needs(tmp_path: Path):
    assert any(name.startswith('libc.so') for name in needed_libraries(build_program(tmp_path)))


def test_a_static_program_needs_none(tmp_path: Path):
    assert needed_libraries(build_program(tmp_path, '-static')) == []


@pytest.mark.parametrize(('flags', 'large', 'expected'), [
    ([], True, 'preloaded'), ([], False, 'static'), (['-static'], True, 'static'), (['-static'], False, 'static')])
def test_a_compiler_is_preloaded_if_it_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str], large: bool,
                                              expected: str):
    """LLVM in a dynamically linked program, as in official releases; a launcher is small, and leads to what is loaded."""
    clang = build_program(tmp_path, *flags)
    monkeypatch.setattr(zygote, 'CONTAINS_LLVM', 1 if large else 1 << 30)
    monkeypatch.setattr(zygote, 'can_use_huge_pages', lambda: True)
    found = zygote.find_zygote({'clang': clang, 'clang++': clang}, tmp_path, {})
    assert found and found.compilers == {str(clang)}
    assert found.static == (expected == 'static')
    (tmp_path / 'clang++').symlink_to(shutil.copy(clang, tmp_path / 'other'))
    other = zygote.find_zygote({'clang': clang, 'clang++': tmp_path / 'clang++'}, tmp_path, {})
    assert bool(other) == (expected == 'static'), 'launchers may be two programs, a preloaded compiler is one'


def test_no_static_compiler_is_loaded_without_huge_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Forking it would take longer than starting it."""
    clang = build_program(tmp_path, '-static')
    monkeypatch.setattr(zygote, 'can_use_huge_pages', lambda: False)
    assert zygote.find_zygote({'clang': clang, 'clang++': clang}, tmp_path, {}) is None


@pytest.mark.skipif(not zygote.can_use_huge_pages(), reason='Linux gives no huge pages here')
def test_small_pages_are_told_from_huge_ones():
    """A process with its code in many small ones is forked slowly."""
    advice = {'small': mmap.MADV_NORMAL, 'huge': mmap.MADV_HUGEPAGE}
    for kind, of_kind in advice.items():
        script = (f'import mmap, sys; m = mmap.mmap(-1, 128 << 20, flags=mmap.MAP_PRIVATE); m.madvise({int(of_kind)}); '
                  'm.write(bytes(128 << 20)); print(flush=True); sys.stdin.read()')
        with subprocess.Popen([sys.executable, '-S', '-c', script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout and process.stdin
            process.stdout.readline()
            assert zygote.has_small_pages(process.pid) == (kind == 'small')
            process.stdin.close()
    assert not zygote.has_small_pages(process.pid), 'nothing is known of a process that has ended'


@pytest.mark.parametrize('content', [b'', b'#!/bin/sh\n', b'\x7fELF\x02', b'\x7fELF\x01' + bytes(60),
                                     b'\x7fELF\x02' + b'\xff' * 200])
def test_what_is_no_such_program_needs_none(tmp_path: Path, content: bytes):
    (tmp_path / 'file').write_bytes(content)
    assert needed_libraries(tmp_path / 'file') == []
    assert needed_libraries(tmp_path / 'none') == []
