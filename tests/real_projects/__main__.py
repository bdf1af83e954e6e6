"""`dev.py projects`: third-party projects in modes that no SDK ships, with plain emcc and below `emroot run`, in turn.

    python3 dev.py projects                       all of projects.toml, in both modes
    python3 dev.py projects bzip2 cglm --modes wasm64 --write

Each is built and tested twice each way: first from an empty home and an empty cache, then again with what that left there. It
ends with 1 if one fails that passes with plain emcc, or if anything that was made differs by a byte.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.downloads.sources import SourceUnavailable, get_source
from support.sdks import get_sdks

from dev.paths import ROOT, dev_cache, dev_home, say
from emroot.sdk import Sdk, find_sdk

from .building import Built, Way, build, differing, ratio, total
from .project import MODES, Project, read_projects

PAGE = ROOT / 'docs' / 'explanation' / 'projects.md'
_BEGIN, _END = '<!-- results: begin -->\n', '<!-- results: end -->\n'
WAYS = ('plain', 'emroot')
ROUNDS = ('first', 'again')


@dataclass
class Row:
    """What came of one project in one mode."""

    project: Project
    mode: str
    built: dict[tuple[str, str], Built] = field(default_factory=dict)
    """By round and way."""

    @property
    def wrong(self) -> list[str]:
        """What is not as with plain emcc."""
        found = []
        for each in ROUNDS:
            peer, own = self.built[each, 'plain'], self.built[each, 'emroot']
            if own.failed and not peer.failed:
                found.append(f'{each}: {own.failed}')
            elif different := differing(own, peer):
                found.append(f'{each}: other bytes than with plain emcc: {", ".join(different[:5])}')
        return found

    @property
    def result(self) -> str:
        """In a word."""
        if self.wrong:
            return 'WRONG'
        plain = self.built['first', 'plain']
        return 'fails alike' if plain.failed else f'{len(plain.files)} files and outputs equal'


def main(argv: Sequence[str] | None = None) -> int:
    """Build projects both ways, and compare."""
    projects = read_projects()
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py projects', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', metavar='PROJECT', help=f'default: all ({", ".join(projects)})')
    parser.add_argument('--modes', default=','.join(MODES), help='default: %(default)s')
    parser.add_argument('--write', action='store_true', help='put the table into the documentation')
    args = parser.parse_args(argv)
    if unknown := [name for name in (*args.names, *args.modes.split(',')) if name not in {**projects, **MODES}]:
        parser.error(f'unknown: {", ".join(unknown)}')
    roots, missing = get_sdks(('6',))
    if not roots:
        say('\n'.join(missing))
        return 1
    sdk, rows, code = find_sdk(dev_home(), roots[0]), [], 0
    for name in args.names or projects:
        try:
            get_source(name)
        except SourceUnavailable as error:
            say(f'CANNOT RUN {name}: {error}')
            code = 1
            continue
        for mode in args.modes.split(','):
            rows.append(compare(projects[name], mode, sdk, dev_cache() / 'projects'))
            for line in rows[-1].wrong:
                say(f'{name} in {mode}: {line}')
                code = 1
    text = table(rows)
    sys.stdout.write(text)
    if args.write:
        _write(text)
    return code


def compare(project: Project, mode: str, sdk: Sdk, directory: Path) -> Row:
    """Build a project each way, twice."""
    row = Row(project, mode)
    ways = [Way(name, sdk, directory / f'{name} {project.name} {mode}') for name in WAYS]
    for each in ROUNDS:
        for way in ways:
            say(f'{project.name} in {mode}, {each}, {way.name}')
            row.built[each, way.name] = build(project, mode, way, sdk, directory / 'work' / project.name)
    return row


def table(rows: Sequence[Row]) -> str:
    """Markdown: seconds of processor."""
    titles = [f'{title}, {each}' if title != 'ratio' else title for each in ROUNDS for title in (*WAYS, 'ratio')]
    lines = [f'| project | build system | language | mode | result | {" | ".join(titles)} |',
             f'|---|---|---|---|---|{"---:|" * len(titles)}']
    for row in rows:
        cells = [row.project.name, row.project.system, row.project.language, row.mode, row.result]
        lines.append(f'| {" | ".join([*cells, *_cells([row])])} |')
    lines.append(f'| {" | ".join(["all", "", "", "", "", *_cells(rows)])} |')
    return '\n'.join(lines) + '\n'


def _cells(rows: Sequence[Row]) -> list[str]:
    found = []
    for each in ROUNDS:
        peer, own = ([row.built[each, way] for row in rows] for way in WAYS)
        found += [f'{total(peer):.1f} s', f'{total(own):.1f} s', f'{ratio(own, peer):.2f}']
    return found


def _write(text: str) -> None:
    before, _, rest = PAGE.read_text(encoding='utf-8').partition(_BEGIN)
    PAGE.write_text(f'{before}{_BEGIN}\n{text}\n{_END}{rest.partition(_END)[2]}', encoding='utf-8')


if __name__ == '__main__':
    sys.exit(main())
