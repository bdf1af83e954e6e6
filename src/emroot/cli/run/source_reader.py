"""`python -m emroot.cli.run.source_reader ... -- COMMAND`: read the sources of the libraries that a link lacks (`read_ahead.py`).

Nothing depends on its success, and it says nothing.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Sequence

from ...engine.build import Build
from ...errors import EmrootError
from ...lazy_link.preparation import read_sources
from ...libraries.resolution import resolve
from ..ui.streams import prepare_process
from .lazy_link import make_hook_parser, opened_build


def main(argv: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that temporary files are removed
    own, command = argv[:argv.index('--')], argv[argv.index('--') + 1:]
    args = make_hook_parser('emroot.cli.run.source_reader').parse_args(own)
    with contextlib.suppress(EmrootError, OSError), opened_build(args, of_links=True) as build:
        _read(build, command)
    return 0


def _read(build: Build, command: Sequence[str]) -> None:
    if build.options.builder != 'source' or build.options.remote:  # which has whole libraries, or their indexes
        return
    found = resolve(build.catalogue, command, environment=True)
    read_sources(build, [(found.mode, target) for target in found.targets])


if __name__ == '__main__':
    prepare_process()
    sys.exit(main(sys.argv[1:]))
