"""The pool: most expensive first, nothing lost, and an end whenever one is asked for."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import most_at_once, once

from emroot.engine.execution.job_limits import default_workers
from emroot.engine.execution.pool import Cancelled, Finished, Pool


@given(st.lists(st.floats(0, 100), max_size=20))
def test_one_worker_takes_the_most_expensive_first(costs: list[float]):
    pool, done = Pool(1), []
    for cost in costs:
        pool.add(cost, lambda _, cost=cost: done.append(cost))
    pool.run()
    assert done == sorted(costs, reverse=True)


@pytest.mark.parametrize(('workers', 'cheap'), [(7, 0), (8, 2), (32, 8)])
def test_of_many_workers_a_quarter_takes_the_cheapest_first(workers: int, cheap: int):
    pool, begun = Pool(workers), threading.Barrier(workers)
    taken: dict[int, list[int]] = {}

    def job(cost: int, worker: int) -> None:
        taken.setdefault(worker, []).append(cost)
        if len(taken[worker]) == 1:
            begun.wait(timeout=30)
    for cost in (-2, -1, *range(100)):
        pool.add(cost, partial(job, cost))
    pool.run()
    first = [taken[worker][0] for worker in range(workers)]
    assert sorted(first[:cheap]) == list(range(cheap)), 'what had better wait waits'
    assert sorted(first[cheap:]) == list(range(100 - workers + cheap, 100))
    assert sorted(cost for costs in taken.values() for cost in costs) == list(range(-2, 100))


@given(st.integers(1, 5), st.integers(0, 30))
def test_every_job_runs_once_whatever_the_number_of_workers(workers: int, count: int):
    pool, done = Pool(workers), []
    for number in range(count):
        pool.add(1.0, lambda _, number=number: done.append(number))
    pool.run()
    assert sorted(done) == list(range(count))


def test_jobs_that_jobs_add_run_too():
    pool, done = Pool(2), []

    def first(_: int) -> None:
        for number in range(5):
            pool.add(0.0, lambda _, number=number: done.append(number))
    pool.add(1.0, first)
    pool.run()
    assert sorted(done) == list(range(5))


def test_no_more_run_at_once_than_there_are_workers():
    pool = Pool(3)
    assert most_at_once(pool, 3) == 3


def test_what_a_job_raises_stops_the_others_and_is_raised():
    pool, done = Pool(1), []

    def fail(_: int) -> None:
        raise ValueError('from a job')
    pool.add(2.0, fail)
    pool.add(1.0, lambda _: done.append(1))
    with pytest.raises(ValueError, match='from a job'):
        pool.run()
    assert done == []


def test_stopping_ends_the_processes_that_run(tmp_path: Path):
    pool, ended = Pool(2), []

    def job(_: int) -> None:
        try:
            pool.call([sys.executable, '-c', 'import time; open("begun", "w"); time.sleep(60)'], cwd=tmp_path, env=os.environ)
        except Cancelled:
            ended.append('cancelled')
            raise
    pool.add(1.0, job)
    once(pool.stop, (tmp_path / 'begun').exists)
    pool.run()
    assert ended == ['cancelled']


def test_a_process_gives_its_exit_code_and_all_it_said():
    pool = Pool(1)
    done = pool.call([sys.executable, '-c', 'import sys; print("out"); sys.stderr.write("err"); sys.exit(3)'],
                     cwd=Path.cwd(), env=os.environ)
    assert done.code == 3
    assert sorted(done.output.split()) == [b'err', b'out']
    assert done.seconds > 0


def test_there_is_a_worker_for_each_processor_that_may_be_used():
    assert 1 <= default_workers() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, 'wait4'), reason='there the clock has to do')
def test_what_a_process_took_of_a_processor_is_not_what_the_clock_says(tmp_path: Path):
    """One that waits takes none; one that is busy takes what it is busy."""
    taken: dict[str, Finished] = {}

    def job(name: str, code: str) -> Callable[[int], None]:
        def run(_: int) -> None:
            taken[name] = pool.call([sys.executable, '-IS', '-c', code], cwd=tmp_path, env=os.environ)
        return run
    pool = Pool(1)
    pool.add(1.0, job('waits', 'import time; time.sleep(0.5)'))
    pool.add(1.0, job('works', 'import time\nwhile time.process_time() < 0.5: pass'))
    pool.run()
    assert taken['waits'].seconds >= 0.5
    assert taken['works'].processor >= 0.5 > taken['waits'].processor
    assert [done.code for done in taken.values()] == [0, 0]
