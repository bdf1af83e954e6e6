"""What the last build of a cache directory did, kept small: where its time went, what it took, what each target cost.

One file per cache directory, in the home's memo, for `emroot report`. Only a build that found something missing writes it. It is
bounded whatever the build was: spans are merged into at most a few thousand slices, and of jobs only the longest are named. It is
sealed as the store's records are, so that who reads it need not look at every number: damaged is as good as absent.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...hashing import digest_bytes
from ...host.files import remove
from ...host.home import Home, read_json, write_json
from ...store.records import seal, unseal
from .timeline import Span

if TYPE_CHECKING:
    from ..build import Build

SCHEMA, KIND = 2, 'last-build'
#: Bounds of what is kept: slices of the timeline, jobs by name, characters of an error, cache directories.
SLICES, LONGEST, ERROR, KEPT = 3000, 40, 1000, 20


def record_path(home: Home, cache: Path) -> Path:
    """Where the last build into a cache directory is described."""
    return home.memo / 'builds' / f'{digest_bytes(os.fsencode(cache))[:16]}.json'


def read_build_record(home: Home, cache: Path) -> dict[str, Any] | None:
    """What is kept of the last build into a cache directory; None if there was none, it is damaged, or another
    emroot wrote it."""
    found = unseal(read_json(record_path(home, cache)), KIND, str(cache))
    return found if found and found.get('schema') == SCHEMA else None


def save_build_record(build: Build, began: float) -> None:
    """Keep what a build did. `began` is a time of the clock, `time.time()`."""
    path = record_path(build.home, build.cache.root)
    before = read_build_record(build.home, build.cache.root) or {}
    result, spans = build.result, build.timeline.spans
    if before.get('sdk', {}).get('digest') != result.sdk.digest:
        before = {}
    costs, families = _costs(spans), _families(build, spans)
    targets: dict[str, dict[str, list[Any]]] = {mode: dict(known) for mode, known in before.get('targets', {}).items()}
    failed: dict[str, dict[str, str]] = {mode: dict(known) for mode, known in before.get('failed', {}).items()}
    now = int(time.time())
    for mode, made in result.modes.items():
        broken = failed.setdefault(mode.name, {})
        for target in [*made.built, *made.reused]:
            broken.pop(target, None)
        broken.update((failure.target, failure.error[:ERROR]) for failure in made.failed)
        for target in made.built:
            seconds, compiles = costs.get(f'{mode}/{target}', (0.0, 0))
            targets.setdefault(mode.name, {})[target] = [round(seconds, 2), compiles, now]
    document = {
        'schema': SCHEMA, 'sdk': {'version': result.sdk.version, 'digest': result.sdk.digest},
        'began': int(began), 'seconds': round(result.seconds, 2), 'cpu_seconds': round(result.cpu_seconds, 2),
        'workers': result.workers, 'busy': round(result.busy, 3) if result.busy is not None else None,
        'objects': result.to_json()['objects'],
        'modes': {mode.name: {'built': len(made.built), 'reused': len(made.reused), 'failed': len(made.failed),
                              'why': {why: count for why, count in made.why.items() if count}}
                  for mode, made in result.modes.items()},
        'work': _work(spans, families), 'longest': _longest(spans), 'timeline': _timeline(spans, families, result.workers),
        'targets': targets, 'failed': {mode: known for mode, known in failed.items() if known}}
    write_json(path, seal(document, KIND, str(build.cache.root)))
    _forget(path.parent)


def _forget(directory: Path) -> None:
    """Keep what is known of the last few cache directories only."""
    with contextlib.suppress(OSError):
        known = sorted(directory.glob('*.json'), key=lambda path: path.stat().st_mtime)
        for path in known[:-KEPT]:
            remove(path)


def _target(span: Span) -> str:
    return span.name.split(' ', 1)[0] if span.kind == 'compile' else span.name


def _costs(spans: Iterable[Span]) -> Mapping[str, tuple[float, int]]:
    """Seconds of work and compiles by `MODE/TARGET`. A compile that served several is the first one's."""
    seconds: defaultdict[str, float] = defaultdict(float)
    compiles: defaultdict[str, int] = defaultdict(int)
    for span in spans:
        seconds[_target(span)] += span.seconds
        compiles[_target(span)] += span.kind == 'compile'
    return {name: (spent, compiles[name]) for name, spent in seconds.items()}


def _families(build: Build, spans: Iterable[Span]) -> Mapping[str, str]:
    """`MODE/LIBRARY` of each `MODE/TARGET`: `wasm32/libc` of `wasm32/libc-debug`. What is no library is itself."""
    modes = {mode.name: mode for mode in build.result.modes}
    found = {}
    for name in {_target(span) for span in spans}:
        mode, _, target = name.partition('/')
        family = build.families.get(name)
        if not family and build.catalogue.is_cached(modes[mode]):
            library = build.catalogue.listing(modes[mode]).library(target)
            family = library.family if library else None
        found[name] = f'{mode}/{family or target}'
    return found


def _work(spans: Iterable[Span], families: Mapping[str, str]) -> list[list[Any]]:
    """[`MODE/LIBRARY`, seconds, compiles] for each, most first."""
    seconds: defaultdict[str, float] = defaultdict(float)
    compiles: defaultdict[str, int] = defaultdict(int)
    for span in spans:
        name = families[_target(span)]
        seconds[name] += span.seconds
        compiles[name] += span.kind == 'compile'
    return [[name, round(spent, 2), compiles[name]] for name, spent in sorted(seconds.items(), key=lambda pair: -pair[1])]


def _longest(spans: Iterable[Span]) -> list[list[Any]]:
    """[job, kind, when it began, seconds] of the longest, longest first."""
    chosen = sorted(spans, key=lambda span: -span.seconds)[:LONGEST]
    return [[span.name, span.kind, round(span.began, 2), round(span.seconds, 3)] for span in chosen]


def _timeline(spans: Iterable[Span], families: Mapping[str, str], workers: int) -> dict[str, Any]:
    """`slices`: [worker, when it began, seconds, index into `names`, jobs]. Neighbours of one library are one slice; what is
    shorter than can be drawn joins its neighbours, under the name of what took most of it."""
    ordered = sorted(spans, key=lambda span: (span.worker, span.began))
    end = max((span.ended for span in ordered), default=0.0)
    shortest = end * max(workers, 1) / SLICES
    slices: list[list[Any]] = []
    names: dict[str, int] = {}
    open_: list[Span] = []

    def close() -> None:
        if open_:
            spent: defaultdict[str, float] = defaultdict(float)
            for span in open_:
                spent[families[_target(span)]] += span.seconds
            name = max(spent, key=lambda each: spent[each])
            slices.append([open_[0].worker, round(open_[0].began, 2), round(open_[-1].ended - open_[0].began, 2),
                           names.setdefault(name, len(names)), len(open_)])
            open_.clear()

    for span in ordered:
        if open_:
            last = open_[-1]
            alike = families[_target(span)] == families[_target(last)] or last.ended - open_[0].began < shortest
            if span.worker != last.worker or span.began - last.ended >= shortest or not alike:
                close()
        open_.append(span)
    close()
    return {'seconds': round(end, 2), 'names': list(names), 'slices': slices}
