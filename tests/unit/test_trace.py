"""The timeline of a build: what was done where and when, and what was taken; and the file that shows it."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest
from support.running import Emroot

from emroot.engine.events import BuildListener
from emroot.engine.history.timeline import Span, Timeline


def _trace(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The document of a trace, its spans and its instants."""
    document = json.loads(path.read_text())
    events = document['traceEvents']
    return document, [e for e in events if e['ph'] == 'X'], [e for e in events if e['ph'] == 'i']


def _spans(timeline: Timeline, *spans: tuple[int, str, float, float]) -> Timeline:
    for worker, kind, began, ended in spans:
        timeline.spans.append(Span(worker=worker, kind=kind, name=kind, began=began, seconds=ended - began))
    return timeline


def test_every_compile_and_archive_is_on_the_row_of_its_worker(fake: Emroot, tmp_path: Path):
    ran = fake('build', '--targets', 'libmany,libone', '-j', '2', '--trace', tmp_path / 'trace.json')
    assert ran.code == 0, ran.err
    document, spans, instants = _trace(tmp_path / 'trace.json')
    assert document['otherData'] == {'workers': 2, 'targets': ['wasm32/libmany', 'wasm32/libone']}
    assert sorted(s['name'] for s in spans if s['cat'] == 'archive') == ['wasm32/libmany', 'wasm32/libone']
    compiles = [s for s in spans if s['cat'] == 'compile']
    assert len(compiles) == 27 and 'wasm32/libone zebra.c' in [s['name'] for s in compiles]
    assert all(s['args']['serves'] == [s['name'].split()[0]] and s['args']['family'] for s in compiles)
    names = {e['tid']: e['args']['name'] for e in document['traceEvents'] if e['name'] == 'thread_name'}
    assert {names[s['tid']] for s in spans} == {'worker 1', 'worker 2'}
    assert instants == []
    for row in names:
        mine = sorted((s['ts'], s['ts'] + s['dur']) for s in spans if s['tid'] == row)
        assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(mine)), 'one job at a time'


def test_what_is_taken_is_marked_on_a_row_of_its_own(fake: Emroot, tmp_path: Path):
    fake.build('libone', cache=tmp_path / 'one')
    ran = fake('build', '--targets', 'libone,libone-debug', '--cache', tmp_path / 'two', '--trace', tmp_path / 'trace.json')
    assert ran.code == 0, ran.err
    _, spans, instants = _trace(tmp_path / 'trace.json')
    assert sorted((e['cat'], e['name']) for e in instants) == [
        ('archive', 'wasm32/libone'), ('object', 'wasm32/libone-debug b.c'), ('object', 'wasm32/libone-debug zebra.c')]
    assert {e['tid'] for e in instants}.isdisjoint(e['tid'] for e in spans)


def test_a_build_that_finds_everything_in_place_has_a_trace_that_says_so(fake: Emroot, tmp_path: Path):
    fake.build('libone')
    assert fake('build', '--targets', 'libone', '--trace', tmp_path / 'trace.json').code == 0
    _, spans, instants = _trace(tmp_path / 'trace.json')
    assert spans == []
    assert [e['name'] for e in instants] == ['wasm32/libone']


def test_a_build_in_which_something_fails_has_a_trace_too(fake: Emroot, tmp_path: Path):
    assert fake('build', '--targets', 'libbroken', '--trace', tmp_path / 'trace.json').code == 5
    assert 'wasm32/libbroken broken.c' in [s['name'] for s in _trace(tmp_path / 'trace.json')[1]]


def test_a_trace_that_cannot_be_written_is_an_error_and_the_build_is_kept(fake: Emroot, tmp_path: Path):
    ran = fake('build', '--targets', 'libone', '--trace', tmp_path)
    assert ran.code == 2
    assert f'cannot write the trace to {tmp_path}' in ran.err and 'hint: ' in ran.err
    assert fake.build('libone')['modes']['wasm32']['reused'] == ['libone']


def test_workers_are_busy_as_far_as_jobs_fill_the_time_from_first_compile_to_last():
    """Two workers for eight seconds: seven and four of them in jobs, what lies outside cut off."""
    timeline = _spans(Timeline(BuildListener()),
                      (0, 'archive', 0, 2), (0, 'compile', 2, 8), (1, 'compile', 1, 4), (1, 'compile', 8, 9),
                      (0, 'archive', 8.5, 12))
    assert timeline.busy(2) == pytest.approx((1 + 6 + 0.5 + 3 + 1) / 16)


def test_nothing_compiled_is_not_busy_at_all():
    assert _spans(Timeline(BuildListener()), (0, 'archive', 0, 2)).busy(2) is None


def test_a_job_that_raises_is_on_the_timeline_as_far_as_it_came():
    timeline = Timeline(BuildListener())
    with pytest.raises(ValueError, match='from a job'), timeline.job(3, 'compile', 'wasm32/libone a.c', serves=('libone',)):
        time.sleep(0.01)
        raise ValueError('from a job')
    (span,) = timeline.spans
    assert (span.worker, span.name, span.serves) == (3, 'wasm32/libone a.c', ('libone',))
    assert span.seconds >= 0.01


def test_the_closing_line_says_how_busy_the_workers_were(fake: Emroot):
    line = fake('build', '--targets', 'libmany', '-j', '2').err.splitlines()[-1]
    assert '24 objects compiled, 0 reused' in line and ', 2 workers ' in line and line.endswith(' % busy')
