"""Builds below `emroot run`: silent where emcc speaks, and said by `emroot run` once they take a while."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.fake import make_program
from support.running import Emroot

from emroot.cli.environment import NOTICES
from emroot.cli.ui import notices
from emroot.cli.ui.log import make_listener
from emroot.cli.ui.notices import DelayedDisplay, heard, tell
from emroot.engine.events import Planned
from emroot.host.home import LOGS_KEPT, Home

TARGETS = ('--targets', 'libmany')


def _waiting_for(file: Path, directory: Path) -> Path:
    """A launcher that lets compiles begin once a file is there."""
    return make_program(directory / 'waiting', f"#!{sys.executable} -IS\nimport os, subprocess, sys, time\n"
                        f"while not os.path.exists({str(file)!r}):\n    time.sleep(0.05)\n"
                        "sys.exit(subprocess.call(sys.argv[1:]))\n")


def _inner(emroot: Emroot, *options: object) -> list[str]:
    """What an emcc below run starts, in a program that takes whatever comes on its standard error for a complaint."""
    build = [*emroot.command('--quiet', 'build', '-j', '1', *TARGETS, *options)]
    check = ('import os, subprocess, sys; env = {name: os.environ[name] for name in os.environ '
             'if name == "EM_CONFIG" or not name.startswith("EM_")}; '
             f'done = subprocess.run({build!r}, env=env, stderr=subprocess.PIPE); '
             'sys.exit(done.returncode or (9 if done.stderr else 0))')
    return [sys.executable, '-c', check]


def test_a_build_that_takes_a_while_is_said_by_run_and_not_where_the_compiler_speaks(fake: Emroot, tmp_path: Path):
    go = tmp_path / 'go'
    process = fake.start('run', '--', *_inner(fake, '--launcher', _waiting_for(go, tmp_path)))
    assert process.stderr
    said = process.stderr.readline()
    go.touch()
    rest = process.communicate(timeout=120)[1]
    assert process.returncode == 0
    assert said.startswith('emroot: building 1 library of wasm32, 24 objects; this is done once; log: ')
    assert Path(said.partition('; log: ')[2].strip()).is_file()
    assert rest == ''


@pytest.mark.parametrize('how', [['-q'], []], ids=['quiet', 'quick'])
def test_nothing_is_said_of_what_is_quick_or_was_to_be_quiet(how: list[str], fake: Emroot):
    """What is there already is always quick."""
    assert fake('build', *TARGETS).code == 0
    ran = fake(*how, 'run', '--', *_inner(fake))
    assert (ran.code, ran.err) == (0, '')


def test_what_is_told_twice_is_said_once(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    outer, inner = tmp_path / 'outer', tmp_path / 'inner'
    outer.touch(), inner.touch()
    with heard(str(outer)):
        monkeypatch.setenv(NOTICES, str(outer))
        for log in ('a.log', 'b.log'):
            tell('building 2 libraries', Path(log))
        with heard(str(inner)):  # a run below another
            monkeypatch.setenv(NOTICES, str(inner))
            for text in ('building 2 libraries', 'building 3 libraries'):
                tell(text)
        monkeypatch.delenv(NOTICES)
    assert capfd.readouterr().err.splitlines() == ['emroot: building 2 libraries; log: a.log', 'emroot: building 3 libraries']
    outer.unlink()
    monkeypatch.setenv(NOTICES, str(outer))
    tell('nobody listens any more')
    assert not outer.exists()


@pytest.mark.parametrize('how', [['-q'], []], ids=['quiet', 'loud'])
def test_programs_of_the_project_have_no_variable_of_emroots_own(how: list[str], fake: Emroot, tmp_path: Path):
    remote = ['--remote', tmp_path]
    said = fake(*how, 'run', *remote, '--', *fake.command('run', *remote, '--', 'env')).out
    assert 'EM_CONFIG=' in said
    own = {line.partition('=')[0] for line in said.splitlines() if line.startswith('EMROOT')}
    assert own <= {name for name in os.environ if name.startswith('EMROOT')}


def test_runs_at_the_same_time_have_a_file_for_messages_each(fake: Emroot, tmp_path: Path):
    go = tmp_path / 'go'
    wait = [sys.executable, '-c', f'import os, time; print(os.environ["EM_CONFIG"], flush=True)\n'
            f'while not os.path.exists({str(go)!r}): time.sleep(0.05)']
    runs = [fake.start('run', '--', *wait, stdout=subprocess.PIPE) for _ in range(2)]
    configs = [Path(run.stdout.readline().strip()) for run in runs if run.stdout]
    assert len({*configs}) == 2 and all(config.with_suffix('.notices').is_file() for config in configs)
    go.touch()
    assert [(run.communicate()[1], run.returncode) for run in runs] == [('', 0), ('', 0)]
    assert all(config.is_file() and not config.with_suffix('.notices').exists() for config in configs)
    assert fake('run', '--', 'sh', '-c', 'echo $EM_CONFIG').out.strip() in map(str, configs)


def test_what_is_to_be_quiet_has_no_listener(monkeypatch: pytest.MonkeyPatch):
    with heard(''):
        monkeypatch.setenv(NOTICES, '')
        tell('nobody listens')


def test_the_last_word_is_the_commands(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """What was worth waiting for is not said behind an error with which the command ended."""
    monkeypatch.setattr(notices, '_INTERVAL', 600)  # so that all is read when the command has ended
    (tmp_path / 'notices').touch()
    with heard(str(tmp_path / 'notices')):
        monkeypatch.setenv(NOTICES, str(tmp_path / 'notices'))
        tell('waiting: building 1 library; this is done once')
        tell('an archive was copied')
    assert capfd.readouterr().err == 'emroot: an archive was copied\n'


def test_a_line_says_how_much_there_is_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    directory = tmp_path / 'notices'
    directory.touch()
    monkeypatch.setenv(NOTICES, str(directory))
    for display, archives, compiles in ((DelayedDisplay('wasm64-lto', patience=0), 12, 1378),
                                        (DelayedDisplay('', patience=0), 1, 0),
                                        (DelayedDisplay('wasm64', pulled=True, patience=0), 3, 1),
                                        (DelayedDisplay('wasm64', pulled=True, patience=0), 3, 0),
                                        (DelayedDisplay('wasm32', patience=0), 0, 0)):
        before = directory.read_text()
        display.on(Planned(archives, compiles, 1.0))
        until = time.monotonic() + 300
        while (compiles or archives == 1) and directory.read_text() == before and time.monotonic() < until:
            time.sleep(0.01)
        display.close()
    assert directory.read_text().splitlines() == [f'waiting: {line}; this is done once' for line in (
        'building 12 libraries of wasm64-lto, 1378 objects', 'building 1 library',
        'compiling 1 object of 3 libraries of wasm64 for a link')]


def test_the_line_is_of_the_largest_part_that_is_known_by_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    notices_ = tmp_path / 'notices'
    notices_.touch()
    monkeypatch.setenv(NOTICES, str(notices_))
    display = DelayedDisplay('wasm64', pulled=True, patience=1)
    for archives, compiles in ((1, 1), (8, 340), (2, 4)):
        display.on(Planned(archives, compiles, 1.0))
    until = time.monotonic() + 300
    while not notices_.read_text() and time.monotonic() < until:
        time.sleep(0.01)
    display.close()
    assert notices_.read_text() == 'waiting: compiling 340 objects of 8 libraries of wasm64 for a link; this is done once\n'


def test_logs_of_links_leave_those_of_builds_alone(home: Home):
    """A configure script makes more links than logs are kept."""
    def leave_log(*, of_links: bool) -> Path:
        listener = make_listener(home, verbose=False, quiet=True, live=False, of_links=of_links)
        listener.note('something')
        listener.close()
        assert listener.log_path
        return listener.log_path
    of_build, of_link = leave_log(of_links=False), leave_log(of_links=True)
    assert of_build.parent == home.logs != of_link.parent
    for n in range(LOGS_KEPT + 5):
        (of_link.parent / f'20991231-000000-{n}.log').touch()
    leave_log(of_links=True)
    assert of_build.is_file()
    assert len(list(of_link.parent.iterdir())) == LOGS_KEPT
