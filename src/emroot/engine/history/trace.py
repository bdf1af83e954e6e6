"""A build's timeline in Chrome's trace format, for Perfetto, chrome://tracing and Speedscope."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ...host.files import write_text
from ..result import BuildResult
from .timeline import Reuse, Span, Timeline

#: The row of reused objects and archives; workers are below it.
STORE_ROW = 0


def write_trace(timeline: Timeline, targets: Sequence[str], result: BuildResult, path: Path) -> None:
    """Write the timeline to a file, atomically. Raises `UsageError` if the file cannot be written."""
    document = {'displayTimeUnit': 'ms', 'traceEvents': list(_events(timeline, result.workers)),
                'otherData': {'workers': result.workers, 'targets': list(targets)}}
    try:
        write_text(path, json.dumps(document, separators=(',', ':')))
    except OSError as error:
        raise UsageError(f'cannot write the trace to {path}: {error.strerror}',
                         hint='give --trace a file in a writable directory') from error


def _events(timeline: Timeline, workers: int) -> Iterator[dict[str, Any]]:
    yield _named('process_name', 0, name='emroot build')
    for row in range(workers + 1):
        yield _named('thread_name', row, name=f'worker {row}' if row else 'taken from the store')
        yield _named('thread_sort_index', row, sort_index=row)
    for taken in timeline.reuses:
        yield {'ph': 'i', 's': 't', 'pid': 1, 'tid': STORE_ROW, 'ts': _micros(taken.at), **_said(taken)}
    for span in sorted(timeline.spans, key=lambda span: span.began):
        yield {'ph': 'X', 'pid': 1, 'tid': span.worker + 1, 'ts': _micros(span.began), 'dur': _micros(span.seconds),
               **_said(span)}


def _said(event: Span | Reuse) -> dict[str, Any]:
    return {'name': event.name, 'cat': event.kind, 'args': {'family': event.family[:16], 'serves': list(event.serves)}}


def _named(what: str, row: int, **args: object) -> dict[str, Any]:
    return {'ph': 'M', 'pid': 1, 'tid': row, 'name': what, 'args': args}


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)
