"""What came of projects: kept as it comes, and as a table."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .project import Project

WAYS = ('plain', 'emroot')
ROUNDS = ('first', 'again')
_TITLES = ['project', 'build system', 'language', 'mode', 'result',
           *(f'{title}, {each}' if title != 'ratio' else title for each in ROUNDS for title in (*WAYS, 'ratio'))]


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
    """All of them, as they came."""
    lines = file.read_text(encoding='utf-8').splitlines() if file.is_file() else []
    return [Row(**json.loads(line)) for line in lines]


def last(rows: Iterable[Row]) -> list[Row]:
    """The last of each project in each mode."""
    return list({(row.project, row.mode): row for row in rows}.values())


def read_page(page: Path) -> list[Row]:
    """The rows of the table in the documentation, which are there when the cache of development is not."""
    found = []
    for line in page.read_text(encoding='utf-8').splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        times = [cell for at, cell in enumerate(cells[5:]) if at % 3 < len(WAYS)]
        if line.startswith('|') and len(cells) == len(_TITLES) and cells[3] and all(time.endswith(' s') for time in times):
            found.append(Row(cells[0], cells[3], cells[4], [float(time.removesuffix(' s')) for time in times]))
    return found


def table(rows: Collection[Row], projects: dict[str, Project]) -> str:
    """Markdown: seconds of processor, in the order of the projects. What failed with plain emcc does not count for all."""
    lines = [f'| {" | ".join(_TITLES)} |', f'|---|---|---|---|---|{"---:|" * (len(_TITLES) - 5)}']
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
