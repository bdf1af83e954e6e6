"""`python -m emroot.lazy_link.source_names.describe_program REQUEST`: describe sources in a process of its own.

The request is a file with `{"groups": [[FILE, DIALECT, {SOURCE: [MEMBER, ...]}], ...]}`; what `definitions.describe` says of each
group is written to its FILE, and then an empty line to the standard output. Of sources that cannot be read, no FILE is written.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from ...host.home import read_json, write_json
from .definitions import describe
from .headers import Dialect, TextReader


def main(argv: list[str]) -> None:
    texts = TextReader()
    for file, (cxx, private, public, compilers, given), members in (read_json(argv[0]) or {})['groups']:
        with contextlib.suppress(OSError):
            write_json(Path(file), describe(Dialect(cxx, tuple(private), tuple(public), compilers, tuple(given)), texts, members))
        print(flush=True)


if __name__ == '__main__':
    main(sys.argv[1:])
