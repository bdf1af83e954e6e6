"""`dev.py indexes`: the indexes that come with emroot (`src/emroot/symbol_index/indexes`), for the SDKs at hand.

    python3 dev.py indexes --modes wasm64-lto,wasm64-pic --with '' --with=-pthread

It builds the libraries of ordinary C and C++ links of these modes, once with the additional flags of each `--with`, and adds
their indexes to the existing ones. So it can be done mode by mode.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from support.sdks import get_sdks

from emroot.host.home import Home
from emroot.modes import all_modes, parse_mode
from emroot.project.selection import default_link_lines
from emroot.sdk import Sdk, find_sdk
from emroot.symbol_index import SymbolIndex
from emroot.symbol_index.bundled import BUNDLED, decode_indexes, encode_indexes

from .paths import dev_home, say


def main(argv: list[str]) -> int:
    """Add to the indexes of each SDK."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py indexes')
    parser.add_argument('--modes', default=','.join(mode.name for mode in all_modes()), help='default: all')
    parser.add_argument('--with', action='append', dest='flags', metavar='FLAGS', help='additional flags (default: none)')
    parser.add_argument('--sdks', default='', help='only SDKs of these versions')
    parser.add_argument('-j', '--jobs', default='')
    args = parser.parse_args(argv)
    modes = [parse_mode(name) for name in args.modes.split(',')]
    home, versions = dev_home(), [version for version in args.sdks.split(',') if version]
    code = 0
    for root in get_sdks()[0]:
        sdk = find_sdk(home, root)
        for mode in modes if not versions or sdk.version in versions else ():
            links = [shlex.join([*link, *shlex.split(flags)])
                     for flags in args.flags or [''] for link in default_link_lines(mode)]
            code |= _add(sdk, home, links, ['-j', args.jobs] if args.jobs else [])
    return code


def _add(sdk: Sdk, home: Home, links: list[str], options: list[str]) -> int:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, 'indexes')
        selection = [word for link in links for word in ('--for', link)]
        command = [sys.executable, '-m', 'emroot', '--sdk', str(sdk.root), '--home', str(home.root), 'index', 'export', *options,
                   '--cache', str(Path(directory, 'cache')), *selection, '-o', str(file)]
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
        shipped = BUNDLED / f'{sdk.digest[:16]}.index'
        bodies = {**(decode_indexes(shipped.read_bytes()) or {} if shipped.is_file() else {}),
                  **(decode_indexes(file.read_bytes()) or {})}
    indexes = {key: index for key, body in bodies.items() if (index := SymbolIndex.of_body(body))}
    shipped.write_bytes(encode_indexes(indexes))
    say(f'{shipped.name} ({sdk.version}): {len(indexes)} archives, {shipped.stat().st_size} bytes')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
