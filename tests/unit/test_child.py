"""A call in a forked process."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from emroot.host.child import start_in_child

#: Where the call runs.
HERE = str(os.getpid())


def _process() -> str:
    return str(os.getpid())


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems do not fork well')
def test_it_runs_beside_this_process() -> None:
    result = start_in_child(_process)
    child = int(result())
    assert child != os.getpid()
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)


def test_what_fails_there_is_done_here() -> None:
    def fails_elsewhere() -> str:
        assert str(os.getpid()) == HERE
        return 'here'
    assert start_in_child(fails_elsewhere)() == 'here'


def test_what_was_killed_there_is_done_here() -> None:
    def dies_elsewhere() -> str:
        if str(os.getpid()) != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return 'here'
    assert start_in_child(dies_elsewhere)() == 'here'


def test_what_fails_everywhere_fails_here() -> None:
    def fails() -> str:
        raise FileNotFoundError
    with pytest.raises(FileNotFoundError):
        start_in_child(fails)()


def test_a_process_with_threads_is_not_forked() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        assert start_in_child(_process)() == HERE
    finally:
        over.set()
        thread.join()


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems do not fork well')
def test_nobody_needs_to_await_children() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert int(start_in_child(_process)()) != os.getpid()
    finally:
        signal.signal(signal.SIGCHLD, before)
