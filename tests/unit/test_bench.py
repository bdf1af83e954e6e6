"""Measuring: what a piece of work took, and how contenders are compared."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dev.bench.__main__ import _table
from dev.bench.measure import Step, Timing, measure, middle, ratio
from dev.bench.work import Work


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
    assert ratio(mine, theirs) == Timing(0.5, pytest.approx(1 / 3))
    assert middle(mine) == Timing(1, 1)


def test_sdks_stand_side_by_side_each_against_its_own_emcc():
    work = Work('a thing that is done', {'emroot': lambda _: [], 'emcc': lambda _: []})
    table = _table('thing', 'emcc -O2', {'shared': work, 'static': work}, {
        'shared': {'emroot': [Timing(1, 2)], 'emcc': [Timing(3, 3)]},
        'static': {'emroot': [Timing(0.5, 0.25)], 'emcc': [Timing(2, 1)]}})
    assert table.splitlines()[0] == '## thing'
    assert 'wall / emcc\'s' in table
    assert '| emroot | 1.00 s | 2.00 s | 0.33 | 0.67 | 500 ms | 250 ms | 0.25 | 0.25 |' in table
    assert '| emcc | 3.00 s | 3.00 s | 1.00 | 1.00 | 2.00 s | 1.00 s | 1.00 | 1.00 |' in table
