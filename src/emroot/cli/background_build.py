"""`--complete`: build in the background, at low priority, the libraries that lazy links did not build.

A link writes a note about its missing libraries (`.emroot/lazy/todo/MODE.json` in the cache directory) and
starts this program, which builds the libraries of all notes. It runs once per cache directory: a second
process waits a little, in case the first is about to end, and then leaves the note to the first. A killed
process leaves the notes and the compiled objects; the next lazy link starts another one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..engine.request import Request
from ..host.files import remove
from ..host.home import read_json, write_json
from ..host.isolated_python import isolated
from ..modes import Mode, parse_mode
from ..store import try_lock
from .lazy_link import make_parser, opened
from .ui.streams import prepare_process

#: Seconds in which a process that has built everything certainly ends.
PATIENCE = 5.0


def build_in_background(cache: Path, missing: Iterable[tuple[Mode, str]], argv: Sequence[str]) -> None:
    """Write a note about missing libraries, and start the background program with the options `argv`."""
    modes: dict[Mode, list[str]] = {}
    for mode, target in missing:
        modes.setdefault(mode, []).append(target)
    for mode, targets in modes.items():
        note = _notes(cache) / f'{mode}.json'
        write_json(note, {'targets': sorted({*_targets(note), *targets})})
    # Not a job of the make that this link runs below: that may end before.
    env = {name: value for name, value in os.environ.items() if name not in ('MAKEFLAGS', 'MFLAGS')}
    command = [*isolated('emroot.cli.background_build'), *argv]
    with open(os.devnull, 'r+b') as nothing, contextlib.suppress(OSError):
        if sys.platform == 'win32':
            flags = subprocess.DETACHED_PROCESS | subprocess.IDLE_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP
            subprocess.Popen(command, env=env, stdin=nothing, stdout=nothing, stderr=nothing, creationflags=flags)
        else:
            subprocess.Popen(command, env=env, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)


def main(argv: list[str]) -> int:
    """Build the libraries in the notes of a cache directory."""
    args = make_parser('emroot.cli.background_build').parse_args(argv)
    args.quiet = True
    if sys.platform != 'win32':
        os.nice(19)
    with opened(args) as build:
        notes = _notes(build.cache.root)
        with try_lock(notes.with_name('completing.lock'), seconds=PATIENCE, discard=bool) as held:
            if not held:
                return 0
            failed = False
            while todo := sorted(notes.glob('*.json')):
                for note in todo:
                    targets = _targets(note)
                    result = build.run([Request(mode=parse_mode(note.stem), targets=tuple(targets))])
                    failed = failed or bool(result.failures)
                    if _targets(note) == targets:  # else a link added something meanwhile
                        remove(note)
        return int(failed)


def _notes(cache: Path) -> Path:
    return cache / '.emroot' / 'lazy' / 'todo'


def _targets(note: Path) -> list[str]:
    found = (read_json(note) or {}).get('targets')
    return [str(target) for target in found] if isinstance(found, list) else []


if __name__ == '__main__':
    prepare_process()
    sys.exit(main(sys.argv[1:]))
