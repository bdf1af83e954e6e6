"""The page: one file with style, scripts and data inlined."""

from __future__ import annotations

import json
import time
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from .. import __version__
from ..modes import all_modes
from . import sections
from .model import STATES, ReportData

_SCRIPTS = ('format.js', 'matrix.js', 'sizes.js', 'timeline.js')


def render(report: ReportData) -> str:
    """The report as HTML."""
    nothing = not any(archive.state != 'absent' for archive in report.archives())
    made, began = report.made, report.last_build['began'] if report.last_build else 0
    return Template(_part('page.html')).substitute(
        style=_part('style.css'), script='\n'.join(_part(name) for name in _SCRIPTS), data=_embedded(_compact(report)),
        version=escape(report.version), digest=escape(report.digest[:12]), root=escape(report.root),
        cache=escape(str(report.cache)), emroot=escape(__version__),
        made=_time(made), made_machine=_time(made, machine=True), began=_time(began), began_machine=_time(began, machine=True),
        empty='empty' if nothing else '', untimed='' if report.last_build else 'untimed',
        overview=sections.overview(report), modes=sections.modes(report), last_build=sections.last_build(report),
        work=sections.work(report), shared=sections.reuse_section(report))


def _time(seconds: float, *, machine: bool = False) -> str:
    return time.strftime('%Y-%m-%dT%H:%M:%SZ' if machine else '%Y-%m-%d %H:%M UTC', time.gmtime(seconds))


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding='utf-8')


def _embedded(document: Any) -> str:
    """JSON that cannot end the HTML element around it."""
    return json.dumps(document, separators=(',', ':')).replace('<', '\\u003c')


def _compact(report: ReportData) -> dict[str, Any]:
    """The page's data: an archive is [state, bytes, tenths of a second, compiles], or only its state; 0 if
    the mode does not have the target. Errors are stored separately, since they are few."""
    errors, rows = [], []
    for row in report.rows:
        cells: list[Any] = []
        for mode in all_modes():
            archive = row.archives.get(mode)
            if archive is None:
                cells.append(0)
                continue
            state = 1 + STATES.index(archive.state)
            if archive.error:
                errors.append([row.target, mode.name, archive.error])
            if archive.seconds is not None:
                cells.append([state, archive.size, round(10 * archive.seconds), archive.compiles])
            else:
                cells.append([state, archive.size] if archive.size else state)
        rows.append([row.target, row.library, row.vary, row.objects, cells])
    last = report.last_build
    modes = [{'name': mode.name, 'variant': '-'.join(mode.features[1:]), **mode.to_json()} for mode in all_modes()]
    return {'states': STATES, 'modes': modes, 'rows': rows, 'errors': errors,
            'last': {key: last[key] for key in ('workers', 'longest', 'timeline')} if last else None}
