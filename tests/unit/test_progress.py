"""How far a build is: counted, estimated honestly, and said in words."""

from __future__ import annotations

import pytest
from support.running import Emroot

import emroot
from emroot.cli.ui.display import PlainLines
from emroot.cli.ui.progress import Progress
from emroot.formatting import display_path, format_duration, format_estimate, format_size


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _progress(compiles: int, seconds: float) -> tuple[Progress, _Clock]:
    clock = _Clock()
    progress = Progress(clock)
    progress.planned(compiles, seconds)
    return progress, clock


def test_the_estimate_goes_by_the_time_that_is_left_and_not_by_the_count():
    """One large file of a hundred takes half of the time: with all small ones done, half is left."""
    progress, clock = _progress(100, 200.0)
    clock.now = 50.0
    progress.left(1, 100.0)
    assert progress.done == 99
    assert progress.estimate == pytest.approx(50.0)


def test_a_machine_that_is_faster_or_has_more_processors_than_expected_is_believed():
    progress, clock = _progress(100, 1000.0)
    clock.now = 10.0
    progress.left(90, 900.0)
    assert progress.estimate == pytest.approx(90.0)


@pytest.mark.parametrize(('now', 'left'), [(2.0, 50.0), (30.0, 99.0)])
def test_nothing_is_said_before_it_is_known(now: float, left: float):
    progress, clock = _progress(100, 100.0)
    clock.now = now
    progress.left(int(left), left)
    assert progress.estimate is None and progress.text() == 'estimating'


def test_when_no_compile_is_left_it_is_finishing():
    progress, clock = _progress(10, 10.0)
    clock.now = 20.0
    progress.left(0, 0.0)
    assert (progress.estimate, progress.text()) == (None, 'finishing')


def test_what_threads_tell_out_of_order_does_not_go_backwards():
    progress, _ = _progress(10, 10.0)
    progress.left(4, 4.0)
    progress.left(5, 5.0)
    assert progress.done == 6


@pytest.mark.parametrize(('seconds', 'words'), [
    (4, 'a few seconds'), (12, 'about 10 s'), (48, 'about 50 s'), (56, 'about 1 min'), (100, 'about 2 min'),
    (3500, 'about 58 min'), (3600, 'about 1 h'), (4900, 'about 1 h 20 min'), (7190, 'about 2 h')])
def test_estimates_are_no_more_precise_than_they_can_be(seconds: float, words: str):
    assert format_estimate(seconds) == words


def test_durations_and_sizes_for_people():
    assert [format_duration(s) for s in (0.04, 59.9, 61, 3599, 3725)] == ['0.0 s', '59.9 s', '1 min 01 s', '59 min 59 s',
                                                                          '1 h 02 min']
    assert [format_size(n) for n in (0, 999, 1500, 123456, 5.62e8, 4.2e9)] == ['0 B', '999 B', '1.5 kB', '123 kB', '562 MB',
                                                                               '4.2 GB']


def test_every_compile_of_the_plan_is_counted_down_also_those_that_turn_out_to_be_equal(fake: Emroot):
    """`libone-debug` takes two of its three objects from `libone`, once these are there."""
    told: list[tuple[int, float]] = []

    class Listener(emroot.BuildListener):
        def on(self, event: emroot.Event) -> None:
            if isinstance(event, emroot.Planned | emroot.Remaining):
                told.append((event.compiles, event.seconds))

    result = emroot.build(targets='libone,libone-debug', sdk=fake.sdk, home=fake.home, jobs=1, watcher=Listener())
    assert [count for count, _ in told] == [6, 5, 4, 3, 2, 1, 0]
    assert result.compiled == 4
    seconds = [seconds for _, seconds in told]
    assert seconds == sorted(seconds, reverse=True) and seconds[-1] == pytest.approx(0.0, abs=1e-6)


def test_targets_that_embuilder_makes_are_among_those_announced(fake: Emroot):
    said = fake('build', '--builder', 'embuilder', '--targets', 'crt1,libone').err.splitlines()
    assert said[0] == 'building 2 archives'
    assert sorted(line.split()[0] for line in said[1:3]) == ['[1/2]', '[2/2]']


def test_a_target_that_is_a_path_does_not_run_into_its_mode():
    assert display_path('wasm32-lto/libc') == 'wasm32-lto/libc'
    assert display_path('wasm32//ports/mine.py:opt=1') == 'wasm32 /ports/mine.py:opt=1'


def test_a_long_build_in_ci_says_now_and_then_how_far_it_is(capfd: pytest.CaptureFixture[str]):
    lines = PlainLines(quiet=False)
    lines.on(emroot.Planned(2, 100, 100.0))
    lines.on(emroot.Remaining(99, 99.0))
    lines._spoke -= 120
    lines.on(emroot.Remaining(50, 50.0))
    lines.on(emroot.Remaining(49, 49.0))
    assert capfd.readouterr().err.splitlines() == [
        'building 2 archives: 100 objects to compile', '50/100 objects, 0/2 archives; estimating']
