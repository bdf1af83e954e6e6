"""Measuring: what a piece of work took, and how contenders are compared."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dev.bench.measure import Step, Timing, measure, middle, ratio


def _python(code: str) -> Step:
    return Step([sys.executable, '-c', code], {'GIVEN': 'it'})


def test_time_that_passes_and_processor_time_are_told_apart(tmp_path: Path):
    waited = measure([_python('import time; time.sleep(0.5)')], tmp_path)
    worked = measure([_python('import time\nwhile time.process_time() < 0.5: pass')], tmp_path)
    assert waited.wall > 0.5 > waited.cpu
    assert worked.cpu > 0.45


def test_steps_run_one_after_the_other_in_the_directory_with_what_they_are_given(tmp_path: Path):
    measure([_python('import os; open("one", "w").write(os.environ["GIVEN"])'), _python('open("one").read() == "it" or 1/0')],
            tmp_path)
    assert (tmp_path / 'one').read_text() == 'it'


def test_who_fails_has_no_time(tmp_path: Path):
    with pytest.raises(RuntimeError, match='ended with 3'):
        measure([_python('raise SystemExit(3)')], tmp_path)


def test_contenders_are_compared_round_by_round():
    """The machine was five times slower in the second round, for both."""
    mine = [Timing(1, 1), Timing(5, 1), Timing(1, 2)]
    theirs = [Timing(2, 3), Timing(10, 3), Timing(3, 2)]
    assert ratio(mine, theirs) == Timing(2, 3)
    assert middle(mine) == Timing(1, 1)
