"""Notes of what lazy links did without, and starting the program that builds it (`background_build.py`)."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...host.home import read_json, write_json
from ...host.isolated_python import isolated
from ...modes import Mode


def build_in_background(cache: Path, missing: Iterable[tuple[Mode, str]], argv: Sequence[str]) -> None:
    """Write a note about missing libraries, and start the background program with the options `argv`."""
    modes: dict[Mode, list[str]] = {}
    for mode, target in missing:
        modes.setdefault(mode, []).append(target)
    for mode, targets in modes.items():
        note = notes_directory(cache) / f'{mode}.json'
        write_json(note, {'targets': sorted({*noted_targets(note), *targets})})
    # Not a job of the make that this link runs below: that may end before.
    env = {name: value for name, value in os.environ.items() if name not in ('MAKEFLAGS', 'MFLAGS')}
    command = [*isolated('emroot.cli.run.background_build'), *argv]
    with open(os.devnull, 'r+b') as nothing, contextlib.suppress(OSError):
        if sys.platform == 'win32':
            flags = subprocess.DETACHED_PROCESS | subprocess.IDLE_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP
            subprocess.Popen(command, env=env, stdin=nothing, stdout=nothing, stderr=nothing, creationflags=flags)
        else:
            subprocess.Popen(command, env=env, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)


def notes_directory(cache: Path) -> Path:
    """Where the notes lie, a file for each mode."""
    return cache / '.emroot' / 'lazy' / 'todo'


def noted_targets(note: Path) -> list[str]:
    """The targets that a note names."""
    found = (read_json(note) or {}).get('targets')
    return [str(target) for target in found] if isinstance(found, list) else []
