"""Running commands and timing them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from emroot.engine.build import children_seconds
from emroot.probe import pure_environment


@dataclass(frozen=True)
class Step:
    """One command, and its own environment variables."""

    command: Sequence[str]
    env: Mapping[str, str]
    says: str = ''
    """What it says if it does what is measured."""
    elsewhere: Callable[[], float] = lambda: 0.0
    """Seconds of processor so far of what the command has done by processes that are not its own: of a server."""


@dataclass(frozen=True)
class Timing:
    """Seconds that passed, seconds of processor that all processes took, and all that the first step said."""

    wall: float
    cpu: float
    said: str = ''


def measure(steps: Sequence[Step], directory: Path) -> Timing:
    """Run steps one after the other. Raises `RuntimeError` with what a step said if it fails: a contender that does
    not do its work has no time."""
    def seconds() -> float:
        return children_seconds() + sum(step.elsewhere() for step in steps)
    began, used, said = time.perf_counter(), seconds(), []
    for step in steps:
        done = subprocess.run(list(step.command), cwd=directory, env=environment(step), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', check=False)
        if done.returncode != 0 or step.says not in done.stdout:
            raise RuntimeError(f'{" ".join(step.command)} ended with {done.returncode}, and said:\n{done.stdout[-2000:]}')
        said.append(done.stdout)
    return Timing(time.perf_counter() - began, seconds() - used, said[0])


def environment(step: Step) -> dict[str, str]:
    """What a step has in its environment. Bytecode is kept from one run to the next, as it is of what is installed."""
    return {**pure_environment(step.env), 'PYTHONDONTWRITEBYTECODE': ''}


def middle(timings: Sequence[Timing]) -> Timing:
    """The medians of both kinds of time."""
    return Timing(median(t.wall for t in timings), median(t.cpu for t in timings))


def ratio(mine: Sequence[Timing], theirs: Sequence[Timing]) -> Timing:
    """The part of the other's time that it took: the median over the rounds, since both of a round had the same machine."""
    pairs = list(zip(mine, theirs, strict=True))
    return Timing(median(m.wall / t.wall for m, t in pairs), median(m.cpu / t.cpu for m, t in pairs))
