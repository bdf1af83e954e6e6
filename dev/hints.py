"""`dev.py hints`: the hints that come with emroot (`src/emroot/symbol_index/hints.bin`), of libraries of the newest SDK at hand.

    python3 dev.py hints --modes wasm64-pic --with '' --with=-pthread

What ordinary C and C++ links of these modes need is built, each time with the flags of one `--with` besides, and the symbols of
these libraries are added to what is there.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from support.sdks import get_sdks

from emroot.keys.plan import make_plan
from emroot.libraries.catalogue import Catalogue
from emroot.libraries.resolution import resolve
from emroot.modes import Mode, all_modes, parse_mode
from emroot.project.selection import default_link_lines
from emroot.sdk import find_sdk
from emroot.symbol_index import SymbolIndex
from emroot.symbol_index.hints import HINTS, decode_hints, encode_hints
from emroot.symbol_index.index import decode_indexes

from .paths import dev_home, say


def main(argv: list[str]) -> int:
    """Add to the hints."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py hints')
    parser.add_argument('--modes', default=','.join(mode.name for mode in all_modes()), help='default: all')
    parser.add_argument('--with', action='append', dest='flags', metavar='FLAGS', help='flags besides (default: none)')
    args = parser.parse_args(argv)
    catalogue = Catalogue(find_sdk(dev_home(), get_sdks()[0][0]), dev_home())
    bodies = decode_hints(HINTS.read_bytes()) if HINTS.is_file() else {}
    for mode in map(parse_mode, args.modes.split(',')):
        for link in default_link_lines(mode):
            for flags in args.flags or ['']:
                bodies |= _symbols(catalogue, [*link, *shlex.split(flags)])
    HINTS.write_bytes(encode_hints({name: index for name, body in bodies.items() if (index := SymbolIndex.of_body(body))}))
    say(f'{HINTS.name}: {len(bodies)} libraries, {HINTS.stat().st_size} bytes')
    return 0


def _symbols(catalogue: Catalogue, link: list[str]) -> dict[tuple[Mode, str], bytes]:
    """The indexes of the libraries that a link needs."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, 'indexes')
        emroot = [sys.executable, '-m', 'emroot', '--sdk', str(catalogue.sdk.root), '--home', str(dev_home().root)]
        subprocess.run([*emroot, 'index', 'export', '--cache', str(Path(directory, 'cache')), '--for', shlex.join(link),
                        '-o', str(file)], check=True)
        bodies = decode_indexes(file.read_bytes()) or {}
    found = resolve(catalogue, link)
    plan = make_plan(catalogue.sdk, catalogue.recipes(found.mode, found.targets).values())
    return {(archive.mode, archive.target): bodies[archive.key] for archive in plan.archives if archive.key in bodies}


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
