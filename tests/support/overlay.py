"""A copy of an SDK that costs nothing: links to the real one, except for what is to be different."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

#: Engines start in this directory and name sources relative to it, so it must lie in the copy itself.
_REAL = 'system/lib/libc'


def overlay(original: Path, copy: Path, changes: Mapping[str, str] | None = None) -> Path:
    """An SDK at `copy` with other contents for the files of `changes` (by path below the root), else like `original`.

    Nothing of `original` is touched, not even a link count. Its cache, if it has one inside, is left out; that of the copy is in
    the copy, whatever its configuration or Debian's emcc (`~/.emscripten_cache`) would take.
    """
    changes = dict(changes or {})
    if '.emscripten' not in changes:
        changes['.emscripten'] = configuration(original)
    if 'CACHE =' not in changes['.emscripten']:
        changes['.emscripten'] += f'CACHE = {str(copy / "cache")!r}\n'
    real = {os.path.dirname(name) for name in changes} | {_REAL}
    real |= {str(parent) for name in list(real) for parent in Path(name).parents} | {'', '.'}
    _fill(original, copy, '', real, set(changes) | {'cache'})
    for name, text in changes.items():
        (copy / name).write_text(text, encoding='utf-8')
    return copy


def configuration(root: Path) -> str:
    """What an SDK's configuration says, wherever it is read: such files may find things from where they lie. Without its cache:
    what reads this somewhere else would write there."""
    directory = root / '.emscripten'
    said: dict[str, object] = {'__file__': str(directory)}
    exec(directory.read_text(encoding='utf-8'), said)  # noqa: S102  # as Emscripten does
    return ''.join(f'{name} = {value!r}\n' for name, value in said.items() if name.isupper() and name != 'CACHE')


def _fill(original: Path, copy: Path, below: str, real: set[str], skipped: set[str]) -> None:
    (copy / below).mkdir(parents=True)
    for entry in os.scandir(original / below):
        name = f'{below}/{entry.name}' if below else entry.name
        if name in skipped or entry.name == '__pycache__':  # modules that are changed would be compiled into the original's
            continue
        if name in real:
            _fill(original, copy, name, real, skipped)
        elif not below and entry.is_file():
            shutil.copy2(entry.path, copy / name)  # programs look for their modules beside where links lead
        else:
            os.symlink(entry.path, copy / name)
