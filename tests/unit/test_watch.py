"""How a build shows: painted on a terminal, line by line elsewhere, and all of it in the log."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import Emroot, cannot_run

from emroot.cli.ui.display import PlainLines
from emroot.cli.ui.log import LogListener, make_listener
from emroot.engine.events import ArchiveDone, Ended, Noted, Planned, Started, Warned
from emroot.host.home import Home


def _send_events(listener: LogListener) -> None:
    for event in (Planned(archives=2, compiles=3, seconds=1.5), Started(0, 'wasm32/libone a.c'),
                  Ended(0, 'wasm32/libone a.c', 0.25, 'compile'), ArchiveDone('wasm32/libone', 'built'),
                  ArchiveDone('wasm32/crt1', 'reused'), ArchiveDone('wasm32/libbroken', 'failed'), Noted('a command'),
                  Warned('something odd')):
        listener.on(event)
    listener.close()


def test_elsewhere_there_is_a_line_for_each_target_that_took_work(home: Home, capfd: pytest.CaptureFixture[str]):
    _send_events(LogListener(home, PlainLines(quiet=False), verbose=False))
    assert capfd.readouterr().err.splitlines() == [
        'building 2 archives: 3 objects to compile', '[1/2] built wasm32/libone', '[2/2] failed wasm32/libbroken',
        'emroot: warning: something odd']


def test_the_log_has_everything(home: Home, capfd: pytest.CaptureFixture[str]):
    listener = LogListener(home, PlainLines(quiet=True), verbose=False)
    _send_events(listener)
    assert listener.log_path is not None and listener.log_path.parent == home.logs
    text = listener.log_path.read_text()
    for part in ('compile wasm32/libone a.c: 0.250 s', 'built wasm32/libone', 'reused wasm32/crt1', 'failed wasm32/libbroken',
                 'a command', 'warning: something odd'):
        assert part in text
    assert capfd.readouterr().err == ''


def test_a_build_that_finds_everything_there_leaves_no_log(home: Home):
    listener = make_listener(home, verbose=False, quiet=False, live=True)
    listener.close()
    assert listener.log_path is None
    assert not home.logs.exists()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path):
    (tmp_path / 'file').write_text('no directory')
    _send_events(LogListener(Home(tmp_path / 'file'), PlainLines(quiet=True), verbose=False))


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    try:
        import pty
    except ImportError:
        cannot_run('there are no pseudo-terminals here')
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def _on_terminal(emroot: Emroot, *arguments: str, **env: str) -> str:
    with _terminal() as (ours, theirs):
        process = emroot.start(*arguments, env={'TERM': 'xterm', 'CI': '', **env}, stderr=theirs)
        os.close(theirs)
        painted = b''
        with contextlib.suppress(OSError):  # how Linux says that nobody has the other end open any more
            while chunk := os.read(ours, 65536):
                painted += chunk
        with process:
            process.communicate()
    return painted.decode()


def test_a_terminal_is_painted_and_left_clean(fake: Emroot):
    painted = _on_terminal(fake, 'build', '--targets', 'libmany,libone')
    assert '/27 objects' in painted and 'wasm32/libmany f' in painted
    assert painted.rfind('\x1b[?25h') > painted.rfind('\x1b[?25l') > -1, 'the cursor is visible again'
    plain = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', painted)
    assert 'built wasm32/libone' in plain
    assert '2 built' in plain.splitlines()[-1]


@pytest.mark.parametrize(('option', 'env'), [('--no-progress', {}), ('', {'CI': 'true'}), ('', {'TERM': 'dumb'})])
def test_who_asks_for_lines_gets_lines_on_a_terminal_too(fake: Emroot, option: str, env: dict[str, str]):
    painted = _on_terminal(fake, 'build', '--targets', 'libone', *filter(None, [option]), **env)
    assert '\x1b' not in painted
    assert '[1/1] built wasm32/libone' in painted
