"""A short record of the last build of a cache directory, for `emroot report`: timeline, totals, time of each target.

There is one file per cache directory in the home's memo. Only a build that built something writes it. Its size is bounded: spans
are merged into at most a few thousand slices, and only the longest jobs are listed. It has a checksum like the store's records,
so readers need not check every number: a damaged file counts as absent.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import schemas
from ...hashing import digest_bytes
from ...host.files import remove
from ...host.home import Home, read_json, write_json
from ...libraries.catalogue import Catalogue
from ...store.records import seal, unseal
from ..result import BuildResult
from .timeline import Span

KIND = 'last-build'
#: Limits of the record: slices of the timeline, listed jobs, characters of an error, cache directories.
SLICES, LONGEST, ERROR, KEPT = 3000, 40, 1000, 20


def record_path(home: Home, cache: Path) -> Path:
    """The path of the record for a cache directory."""
    return home.memo / 'builds' / f'{digest_bytes(os.fsencode(cache))[:16]}.json'


def read_build_record(home: Home, cache: Path) -> dict[str, Any] | None:
    """The record of the last build of a cache directory; None if absent, damaged, or of another emroot."""
    found = unseal(read_json(record_path(home, cache)), KIND, str(cache))
    return found if found and found.get('schema') == schemas.BUILD_RECORD else None


def save_build_record(home: Home, catalogue: Catalogue, result: BuildResult, spans: Sequence[Span], known: Mapping[str, str],
                      began: float) -> None:
    """Write the record of a build. `known`: the library of some `MODE/TARGET`. `began`: wall clock, seconds since 1970."""
    path = record_path(home, result.cache)
    before = read_build_record(home, result.cache) or {}
    if before.get('sdk', {}).get('digest') != result.sdk.digest:
        before = {}
    costs, families = _totals(spans, _target), _families(catalogue, result, known, spans)
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
        'schema': schemas.BUILD_RECORD, 'sdk': {'version': result.sdk.version, 'digest': result.sdk.digest},
        'began': int(began), 'seconds': round(result.seconds, 2), 'cpu_seconds': round(result.cpu_seconds, 2),
        'workers': result.workers, 'busy': round(result.busy, 3) if result.busy is not None else None,
        'objects': result.to_json()['objects'],
        'modes': {mode.name: {'built': len(made.built), 'reused': len(made.reused), 'failed': len(made.failed),
                              'why': {reason.value: count for reason, count in made.why.items() if count}}
                  for mode, made in result.modes.items()},
        'work': _work(spans, families), 'longest': _longest(spans), 'timeline': _timeline(spans, families, result.workers),
        'targets': targets, 'failed': {mode: known for mode, known in failed.items() if known}}
    write_json(path, seal(document, KIND, str(result.cache)))
    _forget(path.parent)


def _forget(directory: Path) -> None:
    """Delete all records except those of the last few cache directories."""
    with contextlib.suppress(OSError):
        known = sorted(directory.glob('*.json'), key=lambda path: path.stat().st_mtime)
        for path in known[:-KEPT]:
            remove(path)


def _target(span: Span) -> str:
    return span.name.split(' ', 1)[0] if span.kind == 'compile' else span.name


def _totals(spans: Iterable[Span], name_of: Callable[[Span], str]) -> dict[str, tuple[float, int]]:
    """Seconds and compiles by name. A compile for several targets counts for the first."""
    found: dict[str, tuple[float, int]] = {}
    for span in spans:
        seconds, compiles = found.get(name_of(span), (0.0, 0))
        found[name_of(span)] = seconds + span.seconds, compiles + (span.kind == 'compile')
    return found


def _families(catalogue: Catalogue, result: BuildResult, known: Mapping[str, str], spans: Iterable[Span]) -> Mapping[str, str]:
    """`MODE/LIBRARY` for each `MODE/TARGET`: `wasm32/libc` for `wasm32/libc-debug`; ports map to themselves."""
    modes = {mode.name: mode for mode in result.modes}
    found = {}
    for name in {_target(span) for span in spans}:
        mode, _, target = name.partition('/')
        family = known.get(name)
        if not family and catalogue.is_cached(modes[mode]):
            library = catalogue.listing(modes[mode]).library(target)
            family = library.family if library else None
        found[name] = f'{mode}/{family or target}'
    return found


def _work(spans: Iterable[Span], families: Mapping[str, str]) -> list[list[Any]]:
    """[`MODE/LIBRARY`, seconds, compiles] for each library, the most seconds first."""
    totals = _totals(spans, lambda span: families[_target(span)])
    rows = [[name, round(seconds, 2), compiles] for name, (seconds, compiles) in totals.items()]
    return sorted(rows, key=lambda row: -totals[row[0]][0])


def _longest(spans: Iterable[Span]) -> list[list[Any]]:
    """[job, kind, start, seconds] of the longest jobs, the longest first."""
    chosen = sorted(spans, key=lambda span: -span.seconds)[:LONGEST]
    return [[span.name, span.kind, round(span.began, 2), round(span.seconds, 3)] for span in chosen]


def _timeline(spans: Iterable[Span], families: Mapping[str, str], workers: int) -> dict[str, Any]:
    """`slices`: [worker, start, seconds, index into `names`, jobs]. Adjacent jobs of one library are one slice; very short
    ones are merged with their neighbours, under the longest name's."""
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
