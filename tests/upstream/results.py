"""What became of tests, each way; and the page about it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: The way that the others are compared with.
PEER = 'plain'
#: The first line of a record, and the state of a test in it that was not run this way.
_RECORD, _NOT = '# What became of tests of Emscripten {}, each way.', '-'
_BEGIN, _END = '<!-- results: begin -->\n', '<!-- results: end -->\n'


@dataclass(frozen=True)
class Outcome:
    """What became of a test."""

    state: str
    """`passed`, `failed` or `skipped`."""
    why: str
    seconds: float
    """Of processor."""


Outcomes = dict[str, Outcome]
#: Of a test that the runner ended before, or without a word.
NOT_RUN = Outcome('failed', 'the runner ended without a result', 0.0)


def read_outcomes(file: Path) -> Outcomes:
    """By test; the last run of each counts."""
    if not file.is_file():
        return {}
    outcomes = {}
    for line in file.read_text(encoding='utf-8').splitlines():
        with contextlib.suppress(ValueError):  # a run was ended while it wrote this one
            said = json.loads(line)
            outcomes[said['name']] = Outcome(said['state'], said['why'], said['seconds'])
    return outcomes


def read_record(file: Path, version: str) -> dict[str, Outcomes]:
    """What is on record, by way: of tests of this version of Emscripten."""
    lines = file.read_text(encoding='utf-8').splitlines() if file.is_file() else []
    if not lines or lines[0] != _RECORD.format(version):
        return {}
    ways = lines[1].split()[2:]
    found: dict[str, Outcomes] = {way: {} for way in ways}
    for line in lines[2:]:
        name, *states, why = f'{line} '.split(' ', len(ways) + 1)
        for way, state in zip(ways, states, strict=True):
            if state != _NOT:
                found[way][name] = Outcome(state, '' if state == 'passed' else why.rstrip(), 0.0)
    return found


def write_record(file: Path, version: str, results: dict[str, Outcomes]) -> None:
    """Put it on record: caches of development are deleted, and take long to fill."""
    lines = [_RECORD.format(version), f'# test {" ".join(results)}']
    for name in sorted(set().union(*results.values())):
        outcomes = [found.get(name) for found in results.values()]
        failing = [outcome for outcome in outcomes if outcome and outcome.state != 'passed']
        why = reason(next((each for each in failing if each.state == 'failed'), failing[0]).why) if failing else ''
        lines.append(' '.join([name, *(outcome.state if outcome else _NOT for outcome in outcomes), why]).rstrip())
    file.write_text('\n'.join(lines) + '\n', encoding='utf-8')


def together(known: dict[str, Outcomes], new: dict[str, Outcomes]) -> dict[str, Outcomes]:
    """Both; the new ones count."""
    return {way: {**known.get(way, {}), **new.get(way, {})} for way in [*new, *known]}


def worse(peer: Outcomes, own: Outcomes) -> list[str]:
    """Tests that pass with plain emcc, and not this way. Some leave themselves out where caches are frozen."""
    return sorted(name for name, outcome in own.items() if outcome.state != 'passed' and name in peer
                  and peer[name].state == 'passed' and not (outcome.state == 'skipped' and 'frozen' in outcome.why.lower()))


def table(results: dict[str, Outcomes]) -> str:
    """Markdown: suites by ways, and what fails with plain emcc, too."""
    names = sorted(set().union(*results.values()))
    ways = [*(way for way in results if way != PEER), PEER]
    titles = ' | '.join(f'pass: {way}' for way in ways)
    lines = [f'| suite | tests | leave themselves out | fail with plain emcc, too | {titles} |',
             f'|---|---:|---:|---:|{"---:|" * len(ways)}']
    lines += [_row(suite, names, results, ways) for suite in [*dict.fromkeys(map(suite_of, names)), '']]
    failing = [(name, reason(outcome.why).replace('|', '\\|')) for name, outcome in sorted(results[PEER].items())
               if outcome.state == 'failed']
    if failing:
        lines += ['', 'Fail with plain emcc, and so below emroot:', '', '| test | why |', '|---|---|']
        lines += [f'| `{name}` | {why} |' for name, why in failing]
    return '\n'.join(lines) + '\n'


def _row(suite: str, names: Iterable[str], results: dict[str, Outcomes], ways: Iterable[str]) -> str:
    """One of the table: a suite, or all of them. A way counts those that ran, and do not fail with plain emcc."""
    own = [name for name in names if not suite or suite_of(name) == suite]
    states = {way: {name: found[name].state for name in own if name in found} for way, found in results.items()}
    failing = {name for name, state in states[PEER].items() if state == 'failed'}
    skipped = [name for name in own if any(found.get(name) == 'skipped' for found in states.values())]
    cells = [str(len(own)), str(len(skipped)), str(len(failing))]
    for way in ways:
        ran = [state for name, state in states[way].items() if state != 'skipped' and name not in failing]
        cells.append(f'{ran.count("passed")} of {len(ran)}')
    return f'| {suite or "all"} | {" | ".join(cells)} |'


def suite_of(name: str) -> str:
    """`core0` of `core0.test_hello_world`."""
    return name.partition('.')[0]


def write_page(page: Path, text: str) -> None:
    """Put the table where the page has it."""
    whole = page.read_text(encoding='utf-8')
    before, _, rest = whole.partition(_BEGIN)
    page.write_text(f'{before}{_BEGIN}\n{text}\n{_END}{rest.partition(_END)[2]}', encoding='utf-8')


def reason(why: str) -> str:
    """The line that tells most, as far as a program can say, without names that are others each time."""
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    told = next(_telling(lines), lines[-1] if lines else '')
    return re.sub(r'\btmp\w{8}(?=lib)', '', re.sub(r'(?<![\w.])/[\w./+-]+/', '', told))[:160]


def _telling(lines: list[str]) -> Iterator[str]:
    for mark in (' error: ', 'AssertionError:', 'Error:', 'not found'):
        yield from (line for line in lines if mark in line)
