"""The model of larger machines, on work small enough to be scheduled by hand."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from support.running import Emroot

from dev.bench.larger import Starts
from dev.model import SimulatedWork, Traced, calibrated, embuilder_schedule, emroot_schedule, main, read_trace
from dev.svg_plot import draw

#: Two libraries. Of `a`: x1 and x2, which are a family, and y, which `b` has too. Of `b`: z and y.
WORK = Traced([SimulatedWork('x1.c', 3, 'x', ('a',)), SimulatedWork('x2.c', 2, 'x', ('a',)),
               SimulatedWork('y.c', 4, 'y', ('a', 'b')),
               SimulatedWork('z.c', 1, 'z', ('b',))], {'a': 1, 'b': 2}, 0)


def test_emroot_starts_the_family_with_most_left_and_joins_an_archive_behind_its_last_object():
    """One worker: x1 0-3, y 3-7 (four are left of it, two of x), x2 7-9, a joined 9-10, z 10-11, b joined 11-13.

    Two workers: x1 0-3, x2 3-5, a joined 5-6, and beside that y 0-4, z 4-5, b joined 5-7.
    """
    one, two, three = (emroot_schedule(WORK, cores) for cores in (1, 2, 3))
    assert (one.seconds, one.busy) == (13, 1)
    assert (two.seconds, two.busy) == (7, 13 / 14)
    # A third takes z at 0-1; b waits for y until 4.
    assert (three.seconds, three.busy) == (6, 13 / 18)


def test_what_emroot_itself_takes_for_a_compile_is_done_for_one_at_a_time():
    """Four compiles of 1 s on four cores; for each, half a second of Python: they begin at 0, 0.5, 1 and 1.5."""
    four = Traced([SimulatedWork(f'{n}.c', 1, str(n), ('a',)) for n in range(4)], {'a': 0}, 0.5)
    assert emroot_schedule(four, 4).seconds == 2.5
    assert emroot_schedule(four, 1).seconds == 4


def test_of_many_workers_some_take_the_cheapest_first():
    """Seven compiles of 4 s, four of 1 s. Eight workers: six are at it 0-4, two take the short ones 0-1 and 1-2, then one of
    them the seventh, 2-6. Seven: all are at it 0-4, then at the short ones, 4-5."""
    work = Traced([SimulatedWork(f'{n}.c', 4 if n < 7 else 1, str(n), ('a',)) for n in range(11)], {'a': 0}, 0)
    assert [emroot_schedule(work, cores).seconds for cores in (7, 8)] == [5, 6]


def test_what_comes_before_the_first_compile_is_counted():
    late = Traced(WORK.compiles, WORK.archives, WORK.own, begins=10)
    assert [emroot_schedule(late, cores).seconds for cores in (1, 2, 3)] == [23, 17, 16]


def about(seconds: float) -> object:
    """So long, and as long as it takes embuilder to see that it is over, twice."""
    return pytest.approx(seconds + 0.2, abs=0.2)


def test_what_embuilder_starts_is_counted():
    """Two cores, as below: an emcc for each of the five batches; itself, and an emar for each of two archives."""
    assert embuilder_schedule(WORK, 2, Starts(emcc=1)).seconds == about((3 + 5 + 1) + (5 + 2))
    assert embuilder_schedule(_eight('b.c'), 2, Starts(emcc=0.25)).seconds == about(10.25)
    assert embuilder_schedule(WORK, 2, Starts(before=4, emar=1)).seconds == about(13 + 4 + 2 * 1)


def test_embuilder_makes_one_library_after_the_other():
    """Two cores: x1 0-3, x2 0-2, y 2-6, a joined 6-7, y again 7-11 with z beside it, b joined 11-13."""
    two = embuilder_schedule(WORK, 2)
    assert two.seconds == about(7 + 4 + 2)
    assert two.busy * 2 * two.seconds == pytest.approx(3 + 2 + 4 + 1 + 4 + 1 + 2)
    assert embuilder_schedule(WORK, 1).seconds == about(10 + 7)


def _eight(second: str) -> Traced:
    """Two files of 5 s, the second of this name, and six of half a second."""
    names = {'a.c': 5, second: 5, 'c.c': 0.5, 'd.c': 0.5, 'e.c': 0.5, 'f.cpp': 0.5, 'g.cpp': 0.5, 'h.cpp': 0.5}
    return Traced([SimulatedWork(name, seconds, name, ('l',)) for name, seconds in names.items()], {'l': 0}, 0)


def test_embuilder_does_batches_of_a_library_from_end_to_end():
    """Eight files on two cores are batches of two: a and b in one of 10 s, beside which all others are done."""
    assert embuilder_schedule(_eight('b.c'), 2).seconds == about(10)
    assert embuilder_schedule(_eight('b.c'), 100).seconds == about(5)


def test_embuilder_has_batches_of_one_language():
    """a and c 0-5.5, d and e 0-1, b and f 1-6.5, g and h 5.5-6.5."""
    assert embuilder_schedule(_eight('b.cpp'), 2).seconds == about(6.5)


def test_embuilder_sees_only_now_and_then_what_has_ended():
    """a 0-0.5, and beside it b0 0-0.01, b1 0.2-0.21, b2 0.4-0.41: while a is waited for, others are looked for every 0.2 s. That
    a has ended is seen at 0.513 (after 1, 3, 7, 15, 31, 63 and 113 ms); b3 and b4 0.513-0.523, seen at 0.528."""
    work = Traced([SimulatedWork('a.c', 0.5, 'a', ('l',)), *(SimulatedWork(f'b{n}.c', 0.01, str(n), ('l',)) for n in range(5))],
                  {'l': 0}, 0)
    assert embuilder_schedule(work, 2).seconds == pytest.approx(0.528)


@pytest.mark.parametrize('really', [5.0, 13.0, 40.0])
def test_embuilders_compiles_are_as_long_as_makes_it_take_what_it_took(really: float):
    starts = Starts(before=1, emcc=0.1, seconds=really)
    made = calibrated(WORK, 2, starts)
    assert embuilder_schedule(made, 2, starts).seconds == pytest.approx(really, abs=0.3)
    assert len({round(c.seconds / before.seconds, 6) for c, before in zip(made.compiles, WORK.compiles, strict=True)}) == 1
    assert calibrated(WORK, 2, Starts()) == WORK


@pytest.mark.parametrize('cores', [1, 2, 5, 50])
def test_no_schedule_is_faster_than_the_work_allows(cores: int):
    for run in (emroot_schedule(WORK, cores), embuilder_schedule(WORK, cores)):
        assert run.seconds >= max(13 / cores, 6) and 0 < run.busy <= 1


def test_a_real_trace_is_read_and_shown(fake: Emroot, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    trace = tmp_path / 'trace.json'
    assert fake('build', '--targets', 'libmany,libone', '-j', '2', '--trace', trace).code == 0
    traced = read_trace(trace)
    assert len(traced.compiles) == 27 and list(traced.archives) == ['wasm32/libmany', 'wasm32/libone']
    assert 0 < traced.own < 0.1 and 0 < traced.begins < 10
    assert main([str(trace), '--cores', '2,4', '--svg', str(tmp_path / 'curve.svg')]) == 0
    said = capsys.readouterr().out
    assert said.startswith('27 compiles of ') and len([line for line in said.splitlines() if line.startswith('| ')]) == 3
    ElementTree.parse(tmp_path / 'curve.svg')  # noqa: S314  # our own


def test_embuilder_can_be_given_jobs_of_its_own(fake: Emroot, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    trace, plain = tmp_path / 'trace.json', tmp_path / 'plain.json'
    assert fake('build', '--targets', 'libone', '--trace', trace).code == 0
    document = json.loads(trace.read_text())
    for event in document['traceEvents']:
        if event['ph'] == 'X':
            event['dur'] = 7e6
    plain.write_text(json.dumps(document))
    assert main([str(trace), '--plain', str(plain), '--cores', '1']) == 0
    row = capsys.readouterr().out.splitlines()[-1].split('|')
    assert float(row[4].split()[0]) == 7 * sum(event['ph'] == 'X' for event in document['traceEvents'])
    assert float(row[2].split()[0]) < float(row[4].split()[0])
    document['otherData']['targets'] = ['wasm32/other']
    plain.write_text(json.dumps(document))
    with pytest.raises(SystemExit):
        main([str(trace), '--plain', str(plain)])


def test_a_trace_without_compiles_is_refused(tmp_path: Path):
    (tmp_path / 'trace.json').write_text(json.dumps({'traceEvents': [], 'otherData': {
        'targets': [], 'workers': 2, 'own_seconds': 0, 'before_seconds': 0}}))
    with pytest.raises(SystemExit):
        main([str(tmp_path / 'trace.json')])


def test_a_curve_has_every_name_and_number():
    text = draw([1, 4, 16], {'emroot': [100, 30, 9.5], 'other': [120, 60, 50]})
    for part in ('>emroot<', '>other<', '>16<', '>1 s<', '>100 s<', '>1000 s<'):
        assert part in text
