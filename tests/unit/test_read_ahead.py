"""Sources are read beside a link only where that pays, and by one process at a time."""

from __future__ import annotations

import argparse
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from emroot.cli.run import read_ahead
from emroot.host.home import find_home, read_json
from emroot.host.locks import try_lock
from emroot.lazy_link.source_names.describe_program import describe_once
from emroot.lazy_link.source_names.headers import Dialect, TextReader

LINK = ['em++', '-O2', '-sMEMORY64', '-DA=1', 'main.cpp', '-o', 'main.js']


class Started:
    """The processes that were asked for; each is one that ends at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: list[list[str]] = []
        real = subprocess.Popen
        def start(command: list[str], **options: int) -> subprocess.Popen[bytes]:
            self.commands.append(command)
            return real([command[0], '-c', ''], **options)
        monkeypatch.setattr(read_ahead.subprocess, 'Popen', start)


def _context(home: Path, lazy: str = 'auto') -> SimpleNamespace:
    args = argparse.Namespace(lazy=lazy, builder=None, jobs=0, launcher=None, remote_key=None)
    return SimpleNamespace(args=args, home=find_home(home), sdk=SimpleNamespace(digest='d' * 64, root=home / 'sdk'), base=None,
                           cache=home / 'cache', sdk_cache=True, ports_from=None)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    return Started(monkeypatch)


def _run(context: SimpleNamespace, command: list[str], *, noting: bool = True) -> None:
    with read_ahead.reading_ahead(context, command) as note:
        if noting:
            note()


def test_the_first_link_of_a_kind_starts_the_reader(started: Started, tmp_path: Path):
    context = _context(tmp_path)
    _run(context, LINK, noting=False)  # as a link that fails
    _run(context, LINK)
    assert [command[-len(LINK) - 1:] for command in started.commands] == [['--', *LINK]] * 2
    _run(context, ['em++', '-O2', '-sMEMORY64', '-DA=2', '-Iinclude', 'other.o', '-o', 'other.html'])
    assert len(started.commands) == 2
    _run(context, ['em++', '-O2', '-flto', 'main.cpp'])
    context.sdk.digest = 'e' * 64
    _run(context, LINK)
    assert len(started.commands) == 4


@pytest.mark.parametrize('command', [['em++', '-c', 'main.cpp'], ['make', '-j2'], ['cmake', '--build', '.'], ['sh', 'build.sh'],
                                     ['em++', 'a.cpp', '-o', 'a.js', '&&', 'em++', 'b.cpp', '-o', 'b.js']], ids=' '.join)
def test_what_is_not_one_link_starts_none(command: list[str], started: Started, tmp_path: Path):
    _run(_context(tmp_path), command)
    assert started.commands == []


@pytest.mark.parametrize('lazy', ['off', 'exact'])
def test_links_that_ask_no_source_start_none(lazy: str, started: Started, tmp_path: Path):
    _run(_context(tmp_path, lazy), LINK)
    assert started.commands == []


def test_a_link_without_the_reader_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def fail(*_: object, **__: object) -> None:
        raise OSError('no more processes')
    monkeypatch.setattr(read_ahead.subprocess, 'Popen', fail)
    _run(_context(tmp_path), LINK)


def test_a_description_that_another_process_writes_is_waited_for(tmp_path: Path):
    source, file = tmp_path / 'main.c', tmp_path / 'kept' / 'main.sources.json'
    source.write_text('int f(void) { return 1; }\n')
    dialect, members = Dialect(False, (), (), str(tmp_path / 'none')), {str(source): ['main.o']}
    with try_lock(file.with_suffix('.lock'), discard=bool) as held:
        assert held
        waiting = threading.Thread(target=describe_once, args=(file, dialect, TextReader(), members))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        file.write_text('{"written": "by the other"}')
    waiting.join(10)
    assert not waiting.is_alive() and read_json(file) == {'written': 'by the other'}
    file.unlink()
    describe_once(file, dialect, TextReader(), members)
    assert (read_json(file) or {})['members'] == ['main.o']
    assert [path.name for path in file.parent.iterdir()] == [file.name]
