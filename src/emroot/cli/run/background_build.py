"""`--complete`: the program that builds in the background, at low priority, what lazy links noted that they lack.

It runs once per cache directory: a second process waits a little, in case the first is about to end. A killed
process leaves the notes and the compiled objects; the next lazy link starts another one.
"""

from __future__ import annotations

import os
import sys

from ...engine.request import Request
from ...host.files import remove
from ...modes import parse_mode
from ...store import try_lock
from ..ui.streams import prepare_process
from .lazy_link import make_hook_parser, noted_targets, notes_directory, opened_build

#: Seconds in which a process that has built everything certainly ends.
PATIENCE = 5.0


def main(argv: list[str]) -> int:
    args = make_hook_parser('emroot.cli.run.background_build').parse_args(argv)
    args.quiet = True
    if sys.platform != 'win32':
        os.nice(19)
    with opened_build(args) as build:
        notes = notes_directory(build.cache.root)
        with try_lock(notes.with_name('completing.lock'), seconds=PATIENCE, discard=bool) as held:
            if not held:
                return 0
            failed = False
            while todo := sorted(notes.glob('*.json')):
                for note in todo:
                    targets = noted_targets(note)
                    result = build.run([Request(mode=parse_mode(note.stem), targets=tuple(targets))])
                    failed = failed or bool(result.failures)
                    if noted_targets(note) == targets:  # else a link added something meanwhile
                        remove(note)
        return int(failed)


if __name__ == '__main__':
    prepare_process()
    sys.exit(main(sys.argv[1:]))
