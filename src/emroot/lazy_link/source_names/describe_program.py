"""`python -m emroot.lazy_link.source_names.describe_program REQUEST`: describe sources in a process of its own.

The request is a file with `{"groups": [[FILE, DIALECT, {SOURCE: [MEMBER, ...]}], ...]}`; what `definitions.describe` says of each
group is written to its FILE, and then an empty line to the standard output. Of sources that cannot be read, no FILE is written.
Processes that do this at the same time share the work.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...host.home import read_json, write_json
from ...host.locks import try_lock
from .definitions import describe
from .headers import Dialect, TextReader

#: Seconds after which a group is described although another process does so, too. The largest takes one or two.
PATIENCE = 60.0


def describe_once(file: Path, dialect: Dialect, texts: TextReader, members: Mapping[str, Sequence[str]]) -> None:
    """Write the description of a group to `file`, unless it is there, or another process writes it. Raises `OSError` if a source
    cannot be read."""
    with try_lock(file.with_suffix('.lock'), seconds=PATIENCE, discard=bool):
        if not file.exists():
            write_json(file, describe(dialect, texts, members))


def main(argv: list[str]) -> None:
    texts = TextReader()
    for file, (cxx, private, public, compilers, given), members in (read_json(argv[0]) or {})['groups']:
        with contextlib.suppress(OSError):
            describe_once(Path(file), Dialect(cxx, tuple(private), tuple(public), compilers, tuple(given)), texts, members)
        print(flush=True)


if __name__ == '__main__':
    main(sys.argv[1:])
