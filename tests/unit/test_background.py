"""What is done beside something else is waited for, and its failure is not lost."""

from __future__ import annotations

import threading

import pytest

from emroot.engine.execution.background import run_in_background


def test_both_go_on_at_once() -> None:
    block, call = threading.Event(), threading.Event()

    def run() -> None:
        call.set()
        assert block.wait(10)
    with run_in_background(run):
        assert call.wait(10)
        block.set()


def test_it_is_waited_for() -> None:
    ended: list[int] = []
    release = threading.Event()

    def run() -> None:
        release.wait(300)
        ended.append(1)
    with run_in_background(run):
        threading.Timer(0.05, release.set).start()
    assert ended == [1]


def test_its_failure_is_raised_after_the_block() -> None:
    done: list[int] = []

    def run() -> None:
        raise ValueError('in the thread')
    with pytest.raises(ValueError, match='in the thread'), run_in_background(run):
        done.append(1)
    assert done == [1]


def test_the_failure_of_the_block_comes_first() -> None:
    def run() -> None:
        raise ValueError('in the thread')
    with pytest.raises(KeyError), run_in_background(run):
        raise KeyError
