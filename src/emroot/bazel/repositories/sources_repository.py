"""Packs an SDK's sources, its installed headers and clang's own for `@emscripten_sources`, and emroot's package."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...host.home import Home
from ..source_archives import CLANG, CLANG_HEADERS, HEADERS, PACKAGE, SDK, pack, part_of

#: Emroot's package, and what links need of it to make objects by themselves.
_OWN = Path(__file__).absolute().parents[2]
_NOT_NEEDED = ('cli', 'reporting')
_FORK_SERVERS = tuple(f'engine/execution/{name}' for name in ('forkserver.c', 'forkserver.h', 'child_memory.h',
                                                                  'static_forkserver.c'))
_DATA = (*_FORK_SERVERS, 'symbol_index/hints.bin')


def fetch_sources(request: dict[str, Any], out: Path, _: Home) -> None:
    """Write `PART.zip` for each part of the sources and headers, and `package.zip`."""
    root, headers, own = Path(request['root']), Path(request['headers']), Path(request['resource_dir'], 'include')
    files = {f'emscripten/{name}': root / name
             for name in (*_below(root, 'system'), *(f'third_party/{p.name}' for p in (root / 'third_party').glob('*.h')))}
    files.update({f'headers/{name}': headers / name for name in _below(headers)})
    parts: dict[str, dict[str, Path]] = {}
    for path, file in files.items():
        name = SDK + path if path.startswith('emscripten/') else HEADERS + path.partition('/')[2]
        parts.setdefault(part_of(path), {})[name] = file
    parts[CLANG] = {CLANG_HEADERS + name: own / name for name in _below(own)}
    parts['package'] = {PACKAGE + name: _OWN / name for name in (*_modules(_below(_OWN)), *_DATA)}
    for part, entries in parts.items():
        pack(entries, out / f'{part}.zip')


def _below(top: Path, directory: str = '') -> Iterator[str]:
    """The files in a directory below `top`: their paths there. What Python keeps of modules that ran is nobody's source. An SDK
    may have links to directories."""
    for folder, _, names in os.walk(top / directory, followlinks=True):
        if os.path.basename(folder) != '__pycache__':
            yield from (Path(folder, name).relative_to(top).as_posix() for name in names)


def _modules(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name.endswith('.py') and name.partition('/')[0] not in _NOT_NEEDED)
