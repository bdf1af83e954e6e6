"""`dev.py projects`: third-party projects in modes that no SDK ships, with plain emcc and below `emroot run`, in turn.

    python3 dev.py projects                       all of projects.toml, in both modes
    python3 dev.py projects bzip2 cglm --modes wasm64 --write

Each is built and tested twice each way: first from an empty home and an empty cache, then again with what that left there. It
ends with 1 if one fails that passes with plain emcc, or if anything that was made differs by a byte. Results are kept as they
come, for each version of the SDK, and the table has all of them, and those that the documentation has: the last of each project
in each mode.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from support.downloads.sources import SourceUnavailable, get_source
from support.sdks import get_sdks
from upstream.results import write_page

from dev.paths import ROOT, dev_cache, dev_home, say
from emroot.sdk import Sdk, find_sdk

from .building import Built, Way, build, worse
from .project import MODES, Project, read_projects
from .results import ROUNDS, WAYS, Row, keep, last, read_page, read_rows, table

PAGE = ROOT / 'docs' / 'explanation' / 'projects.md'


def main(argv: Sequence[str] | None = None) -> int:
    """Build projects both ways, and compare."""
    projects = read_projects()
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py projects', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', metavar='PROJECT', help=f'default: all ({", ".join(projects)})')
    parser.add_argument('--modes', default=','.join(MODES), help='default: %(default)s')
    parser.add_argument('--known', action='store_true', help='build nothing; show what is known of earlier runs')
    parser.add_argument('--write', action='store_true', help='put the table into the documentation')
    args = parser.parse_args(argv)
    if unknown := [name for name in (*args.names, *args.modes.split(',')) if name not in {**projects, **MODES}]:
        parser.error(f'unknown: {", ".join(unknown)}')
    roots, missing = get_sdks(('6',))
    if not roots:
        say('\n'.join(missing))
        return 1
    sdk, code = find_sdk(dev_home(), roots[0]), 0
    directory = dev_cache() / 'projects'
    results = directory / f'{sdk.version}-{sdk.digest[:8]}.jsonl'
    for name in () if args.known else args.names or projects:
        try:
            get_source(name)
        except SourceUnavailable as error:
            say(f'CANNOT RUN {name}: {error}')
            code = 1
            continue
        for mode in args.modes.split(','):
            row, wrong = compare(projects[name], mode, sdk, directory)
            keep(results, row)
            for line in wrong:
                say(f'{name} in {mode}: {line}')
                code = 1
    text = table(last([*read_page(PAGE), *read_rows(results)]), projects)
    sys.stdout.write(text)
    if args.write:
        write_page(PAGE, text)
    return code


def compare(project: Project, mode: str, sdk: Sdk, directory: Path) -> tuple[Row, list[str]]:
    """Build a project each way, twice. What came of it, and what is not as with plain emcc."""
    built: dict[tuple[str, str], Built] = {}
    ways = [Way(name, sdk, directory / f'{name} {project.name} {mode}') for name in WAYS]
    for each in ROUNDS:
        for way in ways:
            say(f'{project.name} in {mode}, {each}, {way.name}')
            built[each, way.name] = build(project, mode, way, sdk, directory / 'work' / project.name)
    wrong = [f'{each}: {line}' for each in ROUNDS for line in worse(built[each, 'emroot'], built[each, 'plain'])]
    plain = built['first', 'plain']
    result = 'WRONG' if wrong else 'fails alike' if plain.failed else f'{len(plain.files)} files and outputs equal'
    return Row(project.name, mode, result, [built[each, way].seconds for each in ROUNDS for way in WAYS]), wrong


if __name__ == '__main__':
    sys.exit(main())
