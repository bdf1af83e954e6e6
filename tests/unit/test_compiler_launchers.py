"""What an SDK calls its compiler may be a launcher of it: servers run the program with the launcher's arguments; a
launcher that does anything else is started as ever."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.loaded_program import ENV, build_program, loaded
from support.waiting import once

from emroot.engine.execution import zygote
from emroot.engine.execution.c_programs import RESPONSE_FILE
from emroot.engine.execution.forkserver import ForkServers
from emroot.engine.execution.pool import Cancelled, Finished, Pool
from emroot.engine.execution.zygote import ZygoteStart

pytestmark = pytest.mark.skipif(sys.platform != 'linux' or platform.machine() != 'x86_64', reason='for Linux on x86-64 only')

#: Whether the launcher is started to load the compiler.
LOADS = 'test "$1" = @' + RESPONSE_FILE
Launch = Callable[..., tuple[Finished, bool]]


@pytest.fixture(params=['-static', '-rdynamic'])
def program(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for a compiler with LLVM in it: no shell is as large."""
    path = build_program(tmp_path, request.param)
    with open(path, 'ab') as f:
        f.truncate(8 << 20)
    monkeypatch.setattr(zygote, 'CONTAINS_LLVM', 8 << 20)
    return path


@pytest.fixture
def pool() -> Pool:
    """A pool of one worker."""
    return Pool(1)


@pytest.fixture
def launch(program: Path, pool: Pool, tmp_path: Path) -> Iterator[Launch]:
    """Runs a command through a launcher with this text: how it ended, and whether a server ran it."""
    started: list[tuple[ForkServers, ZygoteStart]] = []

    def run(text: str, *arguments: str, first: bool = True) -> tuple[Finished, bool]:
        launcher = tmp_path / 'launcher'
        if first:
            launcher.write_text(f'#!/bin/sh\nunset PWD\n{text}\n'.replace('PROGRAM', str(program)).replace('LOADS', LOADS))
            launcher.chmod(0o755)
            preload = ZygoteStart([str(launcher)], tmp_path / 'fork', ENV, static=True)
            started.append((ForkServers(pool, preload), preload))
            preload.wait()
        servers, preload = started[-1]
        done = servers.call([str(launcher), *arguments], cwd=tmp_path, env=ENV)
        plain = pool.call([str(launcher), *arguments], cwd=tmp_path, env=ENV)
        assert (done.code, done.output) == (plain.code, plain.output)
        return done, preload.works and len(loaded(str(program))) == 2
    yield run
    for servers, preload in started:
        servers.close()
        preload.close()


def test_a_launcher_adds_arguments(launch: Launch, program: Path, tmp_path: Path):
    done, forked = launch('exec PROGRAM "$@" -last "two  words"', '3', '', 'späces and "quotes"')
    assert forked
    assert done.output.decode() == f'{program} in {tmp_path}: <3> <> <späces and "quotes"> <-last> <two  words> kept err'
    done, forked = launch('', '4', first=False)
    assert (done.code, forked) == (4, True)


@pytest.mark.parametrize('text', ['exec PROGRAM "-$#" "$@"', 'case $1 in -*) exec PROGRAM 2;; *) exec PROGRAM "$@" 5;; esac'])
def test_what_a_launcher_adds_may_depend_on_the_arguments(launch: Launch, text: str):
    assert launch(text, '0', 'x')[1]
    assert launch(text, '-c', first=False)[1]


def test_a_program_of_many_tools_is_executed_with_the_name_of_one(launch: Launch, program: Path, tmp_path: Path):
    done, forked = launch('exec PROGRAM tool other "$@"', '-a')
    assert (done.output.decode(), forked) == (f'{program} in {tmp_path}: <tool> <other> <-a> kept err', True)


@pytest.mark.parametrize('text', [
    'LOADS || KEPT=other; exec PROGRAM "$@"', 'PWD=$(pwd); export PWD; exec PROGRAM "$@"',
    'LOADS || cd /; unset PWD OLDPWD; exec PROGRAM "$@"',
    'LOADS && set -- tool "$@"; exec PROGRAM "$@"',
    'LOADS && exec PROGRAM "$@"; echo "$@"; exit 7', 'LOADS && exec PROGRAM "$@"; PROGRAM "$@"; exit 8',
    'LOADS && exec PROGRAM "$@"; kill -9 $$'])
def test_a_launcher_that_does_more_is_started_as_ever(launch: Launch, text: str):
    assert not launch(text, '3')[1]


@pytest.mark.parametrize('text', ['PROGRAM "$@"; exit $?', 'echo nothing', 'exec cat /dev/null'])
def test_nothing_is_loaded_of_a_launcher_that_executes_no_compiler(launch: Launch, text: str):
    assert not launch(text, '3')[1]


def test_stopping_ends_a_launcher(launch: Launch, pool: Pool, program: Path, tmp_path: Path):
    assert launch('test "$1" = wait && sleep 60; exec PROGRAM "$@"', '0')[1]
    ended = []

    def job(_: int) -> None:
        try:
            launch('', 'wait', first=False)
        except Cancelled:
            ended.append(time.monotonic() - began)
            raise
    began = time.monotonic()
    pool.add(1.0, job)
    once(pool.stop, lambda: time.monotonic() - began > 0.5)
    pool.run()
    assert ended and ended[0] < 10
