"""GNU make's jobserver: no more jobs than make allows, and every token given back; and the limits of memory."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import Emroot, cannot_run, plain_environment
from support.waiting import most_at_once

from emroot.engine.execution.job_limits import ENOUGH, MemoryLimit, available_memory, default_workers, jobs_that_fit
from emroot.engine.execution.jobserver import find_jobserver
from emroot.engine.execution.pool import Pool

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='a semaphore there, which is not used')

Pipe = tuple[int, int]
PYTHON = shlex.quote(sys.executable)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """An empty pipe, as make would have it open for us."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def _left(pipe: Pipe) -> bytes:
    """The tokens in a pipe, which is then empty."""
    os.set_blocking(pipe[0], False)
    try:
        return os.read(pipe[0], 100)
    except BlockingIOError:
        return b''


@pytest.mark.parametrize(('tokens', 'most'), [(b'', 1), (b'+', 2), (b'abc', 4), (b'+++++++++', 5)])
def test_as_many_jobs_run_at_once_as_there_are_tokens_and_one_more(pipe: Pipe, tokens: bytes, most: int):
    os.write(pipe[1], tokens)
    jobserver, problem = find_jobserver(f'-j --jobserver-auth={pipe[0]},{pipe[1]}')
    assert jobserver and not problem
    assert most_at_once(Pool(5, jobserver), most) == most
    assert sorted(_left(pipe)) == sorted(tokens), 'the very tokens are given back'


def test_a_named_pipe_will_do(tmp_path: Path):
    os.mkfifo(tmp_path / 'fifo')
    kept = os.open(tmp_path / 'fifo', os.O_RDWR)
    os.write(kept, b'+')
    jobserver, _ = find_jobserver(f'rR -j2 --jobserver-auth=fifo:{tmp_path / "fifo"} --no-print-directory')
    assert jobserver
    assert most_at_once(Pool(4, jobserver), 2) == 2
    assert _left((kept, kept)) == b'+'
    os.close(kept)


def test_a_token_that_comes_later_is_used(pipe: Pipe):
    jobserver, _ = find_jobserver(f'--jobserver-fds={pipe[0]},{pipe[1]}')
    assert most_at_once(Pool(2, jobserver), 2, first=lambda: os.write(pipe[1], b'+')) == 2
    assert _left(pipe) == b'+'


def test_what_a_job_raises_costs_no_token(pipe: Pipe):
    os.write(pipe[1], b'abc')
    jobserver, _ = find_jobserver(f'--jobserver-auth={pipe[0]},{pipe[1]}')
    pool = Pool(4, jobserver)

    def fail(_: int) -> None:
        raise ValueError('from a job')
    for _ in range(8):
        pool.add(1.0, fail)
    with pytest.raises(ValueError, match='from a job'):
        pool.run()
    assert sorted(_left(pipe)) == sorted(b'abc')


def test_if_make_goes_away_the_work_goes_on():
    reading, writing = os.pipe()
    jobserver, _ = find_jobserver(f'--jobserver-auth={reading},{writing}')
    os.close(reading)
    os.close(writing)
    assert most_at_once(Pool(2, jobserver), 1) == 1


@pytest.mark.parametrize('flags', ['', 'k', '-j1', 'w -- A=--jobserver'])
def test_without_a_jobserver_there_is_none(flags: str):
    assert find_jobserver(flags) == (None, '')


@pytest.mark.parametrize('name', ['-2,-2', '997,998', 'fifo:/no/such/place', 'gmake_semaphore_1234', '{file},{file}', '{a},{b}'])
def test_one_that_is_not_open_for_us_is_not_used_and_the_reason_said(tmp_path: Path, name: str):
    with open(tmp_path / 'file', 'w') as f:
        (a, *_), (b, *_) = ends = os.pipe(), os.pipe()
        jobserver, problem = find_jobserver('-j4 --jobserver-auth=' + name.format(file=f.fileno(), a=a, b=b))
        for end in itertools.chain(*ends):
            os.close(end)
    assert jobserver is None
    assert 'hint: put + before the command' in problem


# --- with a real make ---

def _make(fake: Emroot, directory: Path, recipes: dict[str, str], jobs: str) -> str:
    """What a real make says while it runs these recipes; `EMROOT` in one is the command line."""
    if not shutil.which('make'):
        cannot_run('there is no make: install your system\'s (make on Debian)')
    emroot = shlex.join(fake.command())
    text = f'all: {" ".join(recipes)}\n' + ''.join(
        f'{name}:\n\t{recipe.replace("EMROOT", emroot)}\n' for name, recipe in recipes.items())
    (directory / 'Makefile').write_text(text)
    done = subprocess.run(['make', jobs], cwd=directory, env=plain_environment(), capture_output=True, text=True, timeout=300,
                          check=False)
    assert 'INTERNAL' not in done.stderr, 'make counts its tokens when it ends'
    assert done.returncode == 0, done.stderr
    return done.stderr


def _overlaps(trace: Path) -> int:
    """How many compiles began while another one ran."""
    spans = sorted((e['ts'], e['ts'] + e['dur']) for e in json.loads(trace.read_text())['traceEvents'] if e['ph'] == 'X')
    return sum(began < ended for (_, ended), (began, _) in itertools.pairwise(spans))


def test_below_make_jobs_are_shared_with_what_else_it_runs(fake: Emroot, tmp_path: Path):
    """Of two jobs the other recipe has one for longer than this build takes, so compiles go one by one."""
    _make(fake, tmp_path, {
        'one': '+EMROOT build --targets libmany --trace trace.json && touch done',
        'two': f'{PYTHON} -c "import os, time; [time.sleep(0.05) for _ in range(2000) if not os.path.exists(\'done\')]"',
    }, '-j2')
    assert _overlaps(tmp_path / 'trace.json') == 0


def test_below_make_alone_all_its_jobs_are_used(fake: Emroot, tmp_path: Path):
    if default_workers() < 2:
        cannot_run('there is only one processor')
    _make(fake, tmp_path, {'one': '+EMROOT build --targets libmany --trace trace.json'}, '-j2')
    assert _overlaps(tmp_path / 'trace.json') > 0


def test_who_says_how_many_gets_as_many(fake: Emroot, tmp_path: Path):
    """Make has one job here besides the other recipe's; `-j 3` is more than that."""
    _make(fake, tmp_path, {
        'one': '+EMROOT build --targets libmany -j 3 --trace trace.json && touch done',
        'two': f'{PYTHON} -c "import os, time; [time.sleep(0.05) for _ in range(2000) if not os.path.exists(\'done\')]"',
    }, '-j2')
    assert _overlaps(tmp_path / 'trace.json') > 0


def test_an_interrupted_build_gives_its_tokens_back_to_make(fake: Emroot, tmp_path: Path):
    (tmp_path / 'interrupt.py').write_text(
        'import signal, subprocess, sys\n'
        'with subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True, close_fds=False) as process:\n'
        '    next(line for line in process.stderr if line.startswith("compile"))\n'
        '    process.send_signal(signal.SIGINT)\n'
        '    process.stderr.read()\n'
        'assert process.returncode == 130, process.returncode\n')
    _make(fake, tmp_path, {'one': f'+{PYTHON} interrupt.py EMROOT -v build --targets libmany'}, '-j4')


def test_a_recipe_without_a_plus_builds_all_the_same(fake: Emroot, tmp_path: Path):
    """Up to make 4.3 its pipe is closed for such recipes, though MAKEFLAGS goes on naming it."""
    _make(fake, tmp_path, {'one': 'EMROOT build --targets libone'}, '-j2')
    assert len(list((fake.home / 'cache').rglob('libone.a'))) == 1


# --- memory ---

def test_with_little_memory_left_one_job_runs_at_a_time():
    assert most_at_once(Pool(4, room=lambda: False), 1) == 1


def _system(directory: Path, available_kb: int, limit: str = 'max', used: int = 0, inactive: int = 0) -> tuple[Path, Path, Path]:
    (directory / 'group').mkdir()
    (directory / 'meminfo').write_text(f'MemTotal: 9999999 kB\nMemAvailable:   {available_kb} kB\n')
    (directory / 'cgroup').write_text('1:cpu:/elsewhere\n0::/group\n')
    (directory / 'group' / 'memory.max').write_text(f'{limit}\n')
    (directory / 'group' / 'memory.current').write_text(f'{used}\n')
    (directory / 'group' / 'memory.stat').write_text(f'anon 1\ninactive_file {inactive}\n')
    return directory / 'meminfo', directory / 'cgroup', directory


def test_the_memory_there_is_is_the_machines_or_the_groups_whichever_is_less(tmp_path: Path):
    for number, (given, expected) in enumerate([
            ((100,), 100 << 10), ((100, '1000000', 400, 50), 100 << 10), ((100, '4096', 1000, 100), 3196)]):
        (tmp_path / str(number)).mkdir()
        assert available_memory(*_system(tmp_path / str(number), *given)) == expected


def test_a_job_more_is_started_while_the_largest_compile_fits(tmp_path: Path):
    assert jobs_that_fit(lambda: 3 * ENOUGH) == 3
    assert jobs_that_fit(lambda: ENOUGH - 1) < 1
    assert jobs_that_fit(lambda: None) > 1000


def test_where_nothing_is_said_of_memory_nothing_is_known(tmp_path: Path):
    assert available_memory(tmp_path / 'none', tmp_path / 'none', tmp_path) is None


def test_plenty_of_memory_is_not_looked_for_again_at_once() -> None:
    left = [8.0, 3.0, 0.5, 0.5, 8.0]
    room = MemoryLimit(4, lambda: left.pop(0))
    assert room() and room() and len(left) == 4
    room = MemoryLimit(4, lambda: left.pop(0))
    assert [room(), room(), room(), room()] == [True, False, False, True] and not left  # little is looked for each time


def test_a_file_in_place_of_a_named_pipe_is_no_jobserver(tmp_path: Path):
    (tmp_path / 'file').write_bytes(b'++')
    found, why = find_jobserver(f' -j --jobserver-auth=fifo:{tmp_path / "file"}')
    assert found is None and 'not a pipe' in why
    assert (tmp_path / 'file').read_bytes() == b'++'
