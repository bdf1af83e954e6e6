"""Targets made by the SDK's own embuilder, for what the source builder cannot do: ports first of all.

It runs in a cache directory of its own, seeded with the headers, and everything that appears there is taken over. Its
bytes are those of an in-tree cache, since the program that runs it maps the cache's place as the source builder does.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from ..cachedir import copy_tree
from ..canonical import digest_file, digest_record
from ..catalogue import Catalogue, Listing
from ..errors import from_shortage
from ..files import remove_tree
from ..modes import Mode
from ..probe import PROGRAM
from ..probe.port_settings import split
from ..store import Blob, Store, try_lock
from ..store.records import is_below
from .commands import shell_line
from .events import Watcher
from .located import Keys, carries, place_in
from .pool import Pool
from .request import PortSources
from .result import Failure
from .spelling import CACHE_PREFIX

KIND = 'embuilder'
#: The mark that tells a frozen emcc that a port is there (`ports/__init__.py: fetch_port_artifact`).
_PORT_MARK = '.emscripten_url'
#: Where releases up to 3.1.7x build ports. Their SDL2 extensions refuse a cache without the traces of SDL2's own build.
_PORT_BUILDS = 'ports-builds'
_TRACE = '.emroot'
#: Seconds to wait for another process that builds the same port; then it is built twice.
PATIENCE = 3600.0


def embuilder_key(catalogue: Catalogue, mode: Mode, target: str, sources: PortSources) -> str:
    """The key of a target made by embuilder: it depends on the whole SDK, and on sources that were given."""
    listing = catalogue.listing(mode)
    used = {name: _digest_tree(path) for name, path in sources.directories().items()
            if name in _ports_of(target, listing)}
    file, _ = split(target)
    if file.endswith('.py') and os.path.isfile(file):
        used[file] = digest_file(file)
    return digest_record({'kind': KIND, 'schema': 4, 'sdk': catalogue.sdk.digest, 'mode': mode.name, 'target': target,
                          'sources': used})


def _ports_of(target: str, listing: Listing) -> set[str]:
    """The ports that a target may use: itself and what it depends on, in turn; any, if its definition is a file."""
    first = listing.port_variants.get(target, split(target)[0])
    if first.endswith('.py'):
        return set(listing.ports)
    found, pending = set(), [first]
    while pending:
        name = pending.pop()
        if name in listing.ports and name not in found:
            found.add(name)
            pending += listing.ports[name]
    return found


def _digest_tree(path: Path) -> str:
    files = sorted(p for p in path.rglob('*') if p.is_file())
    return digest_record([[p.relative_to(path).as_posix(), digest_file(p)] for p in files])


@dataclass(frozen=True)
class Made:
    """The files of a target by their path in a cache directory."""

    files: dict[str, Blob]
    fresh: bool
    """Whether embuilder had to be run for them."""
    place: str
    """The digest of the place that one of them carries; empty for none."""


def build_with_embuilder(catalogue: Catalogue, mode: Mode, target: str, keys: Keys, sources: PortSources, store: Store,
                         headers: Path, pool: Pool, watcher: Watcher, launcher: str = '') -> Made | Failure:
    """A target's files, from the store or from embuilder; `keys` are those of its `embuilder_key`."""
    def found() -> Made | None:
        return next((Made(files, False, place_in(store.read(KIND, name) or {}, place))
                     for name, place in keys if (files := find_files(store, name))), None)
    if made := found():
        return made
    # Every compile of a parallel make may come here at once, each in a process of its own.
    with try_lock(store.root / 'locks' / f'embuilder-{keys[0][0][:8]}', seconds=PATIENCE, discard=bool):
        return found() or _run(catalogue, mode, target, keys, sources, store, headers, pool, watcher, launcher)


def _run(catalogue: Catalogue, mode: Mode, target: str, keys: Keys, sources: PortSources, store: Store, headers: Path,
         pool: Pool, watcher: Watcher, launcher: str) -> Made | Failure:
    """Run embuilder for a target, and keep what it made."""
    sdk = catalogue.sdk
    directory = store.scratch() / f'embuilder-{secrets.token_hex(6)}'
    cache = directory / 'cache'
    try:
        cache.mkdir(parents=True)
        copy_tree(headers, cache, aside=directory)
        request = directory / 'request.json'
        request.write_text(json.dumps({
            'root': str(catalogue.sdk.root), 'question': 'embuilder', 'target': target,
            'embuilder_flags': mode.embuilder_flags, 'cache_prefix': CACHE_PREFIX,
            'port_directories': {name: str(path) for name, path in sources.directories().items()},
            'port_mirror': str(sources.directory) if sources.directory else None}), encoding='utf-8')
        command = [*catalogue.sdk.python, '-B', '-I', str(PROGRAM), str(request), str(directory / 'answer.json')]
        env = catalogue.environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '0', 'EMCC_LOGGING': '1',
                                     'EMCC_CORES': '1', **({'EM_COMPILER_WRAPPER': launcher} if launcher else {})})
        watcher.note(f'embuilder {mode}/{target}: {shell_line(command, directory)}')
        done = pool.call(command, cwd=directory, env=env)
        said = done.output.decode(errors='replace').strip()
        watcher.note(said)
        if done.code != 0:
            if short := from_shortage(said, f'building {mode}/{target}'):
                raise short
            return Failure(target, _last(said), _repeat(catalogue, mode, target))
        _leave_traces(cache)
        new = _new_files(cache, headers)
        located = any(carries(cache / path, sdk.places) for path in new)
        files = {path: store.adopt(cache / path) for path in new}
    finally:
        remove_tree(directory)
    name, place = keys[0] if located else keys[1]
    store.write(KIND, name,
                {'files': {path: [blob.digest, blob.size] for path, blob in sorted(files.items())}})
    return Made(files, True, place)


def find_files(store: Store, key: str) -> dict[str, Blob]:
    """The files that embuilder made for a key, by their path in a cache directory; none unless all are whole."""
    record = store.read(KIND, key)
    listed = record.get('files') if record else None
    found: dict[str, Blob] = {}
    for path, entry in (listed.items() if isinstance(listed, dict) else ()):
        blob = Blob.of(*entry) if isinstance(entry, list) and len(entry) == 2 else None
        if blob is None or not is_inside(path) or not store.has(blob):
            return {}
        found[path] = blob
    if found:
        store.touch(KIND, key)
    return found


def is_inside(path: object) -> bool:
    """Whether a recorded path stays below the cache directory it is meant for, in places where libraries belong."""
    return is_below(path) and str(path).split('/')[0] in ('sysroot', 'ports', _PORT_BUILDS)


def _leave_traces(cache: Path) -> None:
    """Mark the directories in which ports were built: what is in them is of no use any more, that they are there is."""
    for directory in (cache / _PORT_BUILDS).glob('*/'):
        (directory / _TRACE).touch()


def _new_files(cache: Path, headers: Path) -> list[str]:
    """What embuilder added: libraries, headers and marks of ports; not sources, what builds leave behind, or locks."""
    found = []
    for folder, directories, names in os.walk(cache):
        here = os.path.relpath(folder, cache).replace(os.sep, '/')
        if here == '.':
            directories[:] = [d for d in directories if d != 'build']
            continue
        for name in names:
            path = f'{here}/{name}'
            if here.split('/')[0] in ('ports', _PORT_BUILDS):
                if name in (_PORT_MARK, _TRACE) and here.count('/') == 1:
                    found.append(path)
            elif not name.endswith('.lock') and not (headers / path).exists():
                found.append(path)
    return found


def _last(said: str) -> str:
    errors = [line for line in said.splitlines() if 'error' in line.lower() or line.startswith('hint: ')]
    return '\n'.join(errors[-6:] or said.splitlines()[-6:]) or 'embuilder failed and said nothing'


def _repeat(catalogue: Catalogue, mode: Mode, target: str) -> str:
    program = str(catalogue.sdk.root / 'embuilder.py')
    return shell_line([*catalogue.sdk.python, program, *mode.embuilder_flags, 'build', target], Path.cwd())
