"""The page: one file with style, scripts and data inlined, and what needs no JavaScript."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from .. import __version__
from ..engine.result import ReuseReason
from ..formatting import display_path, format_duration, format_size
from ..modes import all_modes
from .model import STATES, ReportData

#: The number of libraries that are listed individually.
_SHOWN = 24
_SCRIPTS = ('format.js', 'matrix.js', 'sizes.js', 'timeline.js')


def render(report: ReportData) -> str:
    nothing = not any(archive.state != 'absent' for archive in report.archives())
    made, began = report.made, report.last_build['began'] if report.last_build else 0
    return Template(_part('page.html')).substitute(
        style=_part('style.css'), script='\n'.join(_part(name) for name in _SCRIPTS), data=_embedded(_compact(report)),
        version=escape(report.version), digest=escape(report.digest[:12]), root=escape(report.root),
        cache=escape(str(report.cache)), emroot=escape(__version__),
        made=_time(made), made_machine=_time(made, machine=True), began=_time(began), began_machine=_time(began, machine=True),
        empty='empty' if nothing else '', untimed='' if report.last_build else 'untimed',
        overview=overview(report), modes=modes(report), last_build=last_build(report),
        work=work(report), shared=reuse_section(report))


def _time(seconds: float, *, machine: bool = False) -> str:
    return time.strftime('%Y-%m-%dT%H:%M:%SZ' if machine else '%Y-%m-%d %H:%M UTC', time.gmtime(seconds))


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding='utf-8')


def _embedded(document: Any) -> str:
    """JSON that cannot end the HTML element around it."""
    return json.dumps(document, separators=(',', ':')).replace('<', '\\u003c')


def _compact(report: ReportData) -> dict[str, Any]:
    """The page's data: an archive is [state, bytes, tenths of a second, compiles], or only its state; 0 if the
    mode does not have the target. Errors are stored separately, since they are few."""
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


def facts(pairs: Iterable[tuple[str, str, str]]) -> str:
    """A list of (name, value, remark)."""
    listed = [f'<div><dt>{escape(name)}</dt><dd><strong>{escape(value)}</strong>'
              f'{f" <small>{escape(remark)}</small>" if remark else ""}</dd></div>' for name, value, remark in pairs]
    return f'<dl class="facts">{"".join(listed)}</dl>'


def overview(report: ReportData) -> str:
    archives = list(report.archives())
    count = {state: sum(a.state == state for a in archives) for state in ('present', 'failed', 'changed', 'foreign')}
    modes = {a.mode for a in archives if a.state == 'present'}
    pairs = [('Archives present', f'{count["present"]:,}', f'of {len(archives):,}'),
             ('Modes in use', str(len(modes)), f'of {len(all_modes())}'),
             ('Size', format_size(sum(a.size for a in archives)), '')]
    pairs += [(state.capitalize(), str(count[state]), '') for state in ('failed', 'changed', 'foreign') if count[state]]
    if report.last_build:
        pairs.append(('Last build', format_duration(report.last_build['seconds']), ''))
    return facts(pairs)


def modes(report: ReportData) -> str:
    rows = []
    for mode in all_modes():
        mine = list(report.archives(mode))
        present = [a for a in mine if a.state == 'present']
        failed = sum(a.state == 'failed' for a in mine)
        spent = [a.seconds for a in present if a.seconds is not None]
        rows.append([f'<th scope="row"><code>{mode}</code></th>',
                     _meter(len(present) / max(len(mine), 1), f'{len(present):,} <small>of {len(mine):,}</small>'),
                     _number(format_size(sum(a.size for a in present)) if present else ''),
                     _number(format_duration(sum(spent)) if spent else ''), _number(f'{failed} failed' if failed else '')])
    heads = ['Mode', 'Present', 'Size', 'Time in jobs', 'Failed']
    return _table('Modes of this cache directory', heads, rows, 'modes')


def reuse_section(report: ReportData) -> str:
    """The objects that the last build did not compile, by reason."""
    if not report.last_build:
        return ''
    objects: Mapping[str, Any] = report.last_build['objects']
    total = objects['compiled'] + objects['reused']
    if not total:
        return '<p>The last build compiled no objects: the SDK&rsquo;s own embuilder built its archives.</p>'
    rows = []
    counts = [('Compiled', 'not done before', objects['compiled'])]
    counts += [(reason.label, reason.description, count) for reason in ReuseReason if (count := objects['why'].get(reason.value))]
    for name, why, count in counts:
        rows.append([f'<th scope="row">{escape(name)}<small>{escape(why)}</small></th>', _number(f'{count:,}'),
                     _meter(count / total)])
    spared = objects['reused']
    sentence = f'Of {total:,} objects that the last build needed, {spared:,} ({100 * spared / total:.0f} %) needed no compile.'
    return f'<p>{sentence}</p>' + _table('Objects of the last build', ['Object', 'Count', 'Share'], rows, 'shared')


def last_build(report: ReportData) -> str:
    """The facts of the last build, and its time by library."""
    last = report.last_build
    if not last:
        return ''
    built, reused, failed = (sum(made[state] for made in last['modes'].values()) for state in ('built', 'reused', 'failed'))
    others = [(reused, f'{reused:,} reused'), (failed, f'{failed} failed')]
    pairs = [('Took', format_duration(last['seconds']),
              f'{format_duration(last["cpu_seconds"])} of processor' if last['cpu_seconds'] else ''),
             ('Archives built', f'{built:,}', ', '.join(text for count, text in others if count)),
             ('Objects compiled', f'{last["objects"]["compiled"]:,}', f'{last["objects"]["reused"]:,} shared')]
    if last['busy'] is not None:
        pairs.append(('Workers', str(last['workers']), f'{100 * last["busy"]:.0f} % busy'))
    return facts(pairs)


def work(report: ReportData) -> str:
    listed: Sequence[Sequence[Any]] = report.last_build['work'] if report.last_build else ()
    total = sum(seconds for _, seconds, _ in listed) or 1.0
    rows = [[f'<th scope="row"><code>{escape(display_path(name)).replace("/", "/<wbr>")}</code></th>',
             _number(format_duration(seconds)), _number(f'{compiles:,}' if compiles else ''), _meter(seconds / total)]
            for name, seconds, compiles in listed[:_SHOWN]]
    rest = listed[_SHOWN:]
    more = f'<p class="more">and {len(rest)} more, {format_duration(sum(s for _, s, _ in rest))} together</p>' if rest else ''
    return _table('Jobs of the last build by library', ['Library', 'Time in jobs', 'Compiles', 'Share'], rows, 'work') + more


def _number(text: str) -> str:
    return f'<td class="n">{escape(text) or "<span aria-hidden=true>&ndash;</span><span class=sr>none</span>"}</td>'


def _meter(part: float, text: str = '') -> str:
    """A cell with a bar for a fraction, and its text."""
    return (f'<td class="n"><span class="meter" aria-hidden="true"><i style="width:{100 * part:.1f}%"></i></span>'
            f'<b>{text or f"{100 * part:.1f} %"}</b></td>')


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str) -> str:
    head = ''.join(f'<th scope="col"{"" if n == 0 else " class=n"}>{escape(text)}</th>' for n, text in enumerate(heads))
    body = ''.join(f'<tr>{"".join(row)}</tr>' for row in rows)
    return (f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table class="{kind}">'
            f'<caption class="sr">{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')
