"""What came of projects: kept as it comes, and as a table."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .project import Project

WAYS = ('plain', 'emroot')
ROUNDS = ('first', 'again')


@dataclass(frozen=True)
class Row:
    """What came of one project in one mode."""

    project: str
    mode: str
    result: str
    seconds: list[float]
    """Of processor: of each round, each way."""


def keep(file: Path, row: Row) -> None:
    """Add what came of a project."""
    with open(file, 'a', encoding='utf-8') as f:
        f.write(json.dumps(asdict(row)) + '\n')


def read_rows(file: Path) -> list[Row]:
    """The last of each project in each mode."""
    lines = file.read_text(encoding='utf-8').splitlines() if file.is_file() else []
    rows = [Row(**json.loads(line)) for line in lines]
    return list({(row.project, row.mode): row for row in rows}.values())


def table(rows: Collection[Row], projects: dict[str, Project]) -> str:
    """Markdown: seconds of processor, in the order of the projects. What failed with plain emcc does not count for all."""
    titles = [f'{title}, {each}' if title != 'ratio' else title for each in ROUNDS for title in (*WAYS, 'ratio')]
    lines = [f'| project | build system | language | mode | result | {" | ".join(titles)} |',
             f'|---|---|---|---|---|{"---:|" * len(titles)}']
    for name, project in projects.items():
        for row in sorted((row for row in rows if row.project == name), key=lambda row: row.mode, reverse=True):
            cells = [name, project.system, project.language, row.mode, row.result, *_cells(row.seconds)]
            lines.append(f'| {" | ".join(cells)} |')
    equal = [row.seconds for row in rows if row.result.endswith('equal')]
    if equal:
        lines.append(f'| {" | ".join(["all", "", "", "", "", *_cells([sum(column) for column in zip(*equal, strict=True)])])} |')
    return '\n'.join(lines) + '\n'


def _cells(seconds: Sequence[float]) -> list[str]:
    found = []
    for peer, own in (seconds[:2], seconds[2:]):
        found += [f'{peer:.1f} s', f'{own:.1f} s', f'{own / max(peer, 0.01):.2f}']
    return found
