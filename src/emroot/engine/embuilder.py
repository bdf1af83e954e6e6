"""Targets that the SDK's own embuilder builds because the source builder cannot: mainly ports.

embuilder runs in a separate cache directory with a copy of the headers and the ports that a port depends on, and every new file
there is stored: the bytes are those of the SDK's own cache, since `run_embuilder.py` maps the path of the cache in the same way.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import schemas
from ..cache_directory.placement import copy_tree
from ..errors import from_shortage
from ..hashing import digest_file, digest_record
from ..host.files import remove_tree
from ..keys.location import Keys, embedded_location, embeds_path
from ..libraries.catalogue import Catalogue, Listing
from ..modes import Mode
from ..probe import PROGRAM, refuse_missing_seam
from ..probe.port_inputs import GIVEN, stamp
from ..probe.port_settings import split, without_settings
from ..store import Blob, Store, try_lock
from ..store.records import is_below
from .command_lines.compile_context import shell_line
from .command_lines.path_alias import mappable_directory
from .command_lines.placeholders import CACHE_PREFIX
from .events import BuildListener
from .execution.pool import Pool
from .request import PortSources
from .result import Failure
from .reuse.port_inputs import EDITED, key_with_inputs, known_inputs, learn_inputs, stamped

KIND = 'embuilder'
#: emcc's marker of an installed port (`ports/__init__.py: fetch_port_artifact`).
_PORT_MARK = '.emscripten_url'
#: The build directory of ports up to 3.1.7x, whose SDL2 extensions require that of SDL2.
_PORT_BUILDS = 'ports-builds'
_TRACE = '.emroot'
#: Seconds to wait for another process's build of the same port; then it is built twice.
PATIENCE = 3600.0


def embuilder_key(catalogue: Catalogue, mode: Mode, target: str, sources: PortSources) -> str:
    """The key of a target: a digest of the whole SDK, of the given sources and, for a port with its own
    file, of that file and everything that its last build read."""
    base = _base_key(catalogue, mode, target, sources)
    return key_with_inputs(catalogue, base) if split(target)[0].endswith('.py') else base


def _base_key(catalogue: Catalogue, mode: Mode, target: str, sources: PortSources) -> str:
    listing = catalogue.listing(mode)
    used = {name: _digest_tree(path) for name, path in _given(sources, target, listing).items()}
    return digest_record({'kind': KIND, 'schema': schemas.EMBUILDER_KEYS, 'sdk': catalogue.sdk.digest, 'mode': mode.name,
                          'target': target, 'sources': used})


def _given(sources: PortSources, target: str, listing: Listing) -> dict[str, Path]:
    """The directories of sources that a target may use, by port."""
    ports = _ports_of(target, listing)
    return {name: path for name, path in sources.directories().items() if name in ports}


def _ports_of(target: str, listing: Listing) -> set[str]:
    """The ports that a target may use: itself and its dependencies; all if a file defines it."""
    first = listing.port_variants.get(target, split(target)[0])
    if first.endswith('.py'):
        return {*listing.ports, Path(first).stem}
    found, pending = set(), [first]
    while pending:
        name = pending.pop()
        if name in listing.ports and name not in found:
            found.add(name)
            pending += listing.ports[name]
    return found


def expected_seconds(target: str, listing: Listing) -> float:
    """Long, so that targets of embuilder start before everything else, and ports before those that depend on them."""
    return 1000.0 + 1 / (1 + len(_ports_of(target, listing)))


def _digest_tree(path: Path) -> str:
    files = sorted(p for p in path.rglob('*') if p.is_file())
    return digest_record([[p.relative_to(path).as_posix(), digest_file(p)] for p in files])


@dataclass(frozen=True)
class EmbuilderOutput:
    """The files of a target, by their path in a cache directory."""

    files: dict[str, Blob]
    fresh: bool
    """Whether embuilder was run for them in this build."""
    location: str
    """The digest of the SDK location in the bytes of one of them; empty for none."""
    key: str
    """The key of their inputs; for a port with its own file it is known only after the build."""
    inputs: Sequence[Sequence[Any]] = ()
    """The user's files among the inputs, with their stamps."""


class EmbuilderTarget:
    """A target of embuilder that is built if the store does not have it."""

    def __init__(self, catalogue: Catalogue, mode: Mode, target: str, keys_of: Callable[[str], Keys], sources: PortSources,
                 store: Store, fresh: set[str]) -> None:
        self.catalogue, self.mode, self.target = catalogue, mode, target
        self.keys_of, self.sources, self.store = keys_of, sources, store
        #: The base keys of all that embuilder was run for in this build: a target may be built first as what another depends on.
        self.fresh = fresh
        given = map(str, _given(sources, target, catalogue.listing(mode)).values())
        self.given = [[GIVEN, path, stamp(GIVEN, path)] for path in given]
        self.base = _base_key(catalogue, mode, target, sources)
        self.is_own = split(target)[0].endswith('.py')

    def make(self, headers: Path, pool: Pool, listener: BuildListener, launcher: str = '') -> EmbuilderOutput | Failure:
        """The target's files, from the store or from a run of embuilder."""
        if made := self._find():
            return made
        # Every compile of a parallel make may come here at once, each in a process of its own.
        with try_lock(self.store.root / 'locks' / f'embuilder-{self.base[:8]}', seconds=PATIENCE, discard=bool):
            return self._find() or self._run(headers, pool, listener, launcher)

    def _find(self) -> EmbuilderOutput | None:
        inputs = [*self.given, *stamped(known_inputs(self.catalogue, self.base) if self.is_own else [], time.time_ns())]
        key = key_with_inputs(self.catalogue, self.base) if self.is_own else self.base
        fresh = self.base in self.fresh
        return next((EmbuilderOutput(files, fresh, embedded_location(self.store.read(KIND, name) or {}, location), key, inputs)
                     for name, location in self.keys_of(key) if (files := find_files(self.store, name))), None)

    def _run(self, headers: Path, pool: Pool, listener: BuildListener, launcher: str) -> EmbuilderOutput | Failure:
        sdk, mode, target = self.catalogue.sdk, self.mode, self.target
        dependencies, began = self._make_dependencies(headers, pool, listener, launcher), time.time_ns()
        directory = mappable_directory(self.store.scratch() / f'embuilder-{secrets.token_hex(6)}')
        cache = directory / 'cache'
        try:
            cache.mkdir()
            copy_tree(headers, cache, aside=directory)
            for path, blob in dependencies.items():
                (cache / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.store.path(blob.digest), cache / path)
            request, answer = directory / 'request.json', directory / 'answer.json'
            request.write_text(json.dumps(self._request()), encoding='utf-8')
            command = [*sdk.python, '-B', '-I', str(PROGRAM), str(request), str(answer)]
            env = self.catalogue.environment({
                'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '0', 'EMCC_LOGGING': '1', 'EMCC_CORES': '1',
                'EMCC_SKIP_SANITY_CHECK': '1',  # the SDK was checked, and node is not needed
                # A launcher may give an object without running the compiler, which then cannot tell what it reads.
                **({'EM_COMPILER_WRAPPER': launcher} if launcher and not self.is_own else {})})
            listener.note(f'embuilder {mode}/{target}: {shell_line(command, directory)}')
            done = pool.call(command, cwd=directory, env=env)
            output = done.output.decode(errors='replace').strip()
            listener.note(output)
            if done.code != 0:
                if short := from_shortage(output, f'building {mode}/{target}'):
                    raise short
                refuse_missing_seam(sdk.root, done.code, output)
                program = [*sdk.python, str(sdk.root / 'embuilder.py'), *mode.embuilder_flags, 'build', target]
                return Failure(target, _last(output) + self._told_of_sources(output), shell_line(program, Path.cwd()))
            answered = json.loads(answer.read_text(encoding='utf-8'))
            inputs = stamped(answered['inputs'], began)
            for build_directory in (cache / _PORT_BUILDS).glob('*/'):
                (build_directory / _TRACE).touch()  # its content is no longer needed, its existence is
            new = _new_files(cache, headers, answered['external'])
            location_dependent = any(embeds_path(cache / path, sdk.embedded_paths) for path in new)
            files = {path: self._add(cache / path) for path in new}
        finally:
            remove_tree(directory)
        key = self._learn(inputs)
        name, location = self.keys_of(key)[0 if location_dependent else 1]
        self.store.write(KIND, name, {'files': {path: [blob.digest, blob.size] for path, blob in sorted(files.items())}})
        self.fresh.add(self.base)
        return EmbuilderOutput(files, True, location, key, [*self.given, *inputs])

    def _add(self, file: Path) -> Blob:
        if not file.is_relative_to(self.store.scratch()):  # see mappable_directory; perhaps of another file system
            file = Path(shutil.copyfile(file, self.store.scratch() / secrets.token_hex(6)))
        return self.store.add_file(file)

    def _make_dependencies(self, headers: Path, pool: Pool, listener: BuildListener, launcher: str) -> dict[str, Blob]:
        """The files of the ports that this one depends on, as far as it says so, in their variants of the same kind, so that each
        is built once; none for a variant that only settings name. A marker would keep embuilder from getting the sources for
        another variant. What fails here fails there, too."""
        listing, (name, settings) = self.catalogue.listing(self.mode), without_settings(self.target)
        first = split(name)[0]
        port, files = listing.port_variants.get(first, first), dict[str, Blob]()
        for needed in listing.ports.get(port, ()) if not settings else ():
            variant = needed + first.removeprefix(port)
            target = variant if variant in listing.port_variants else needed
            made = EmbuilderTarget(self.catalogue, self.mode, target, self.keys_of, self.sources, self.store,
                                   self.fresh).make(headers, pool, listener, launcher)
            if isinstance(made, EmbuilderOutput):
                files |= {path: blob for path, blob in made.files.items() if os.path.basename(path) != _PORT_MARK}
        return files

    def _request(self) -> dict[str, Any]:
        return {'root': str(self.catalogue.sdk.root), 'question': 'embuilder', 'target': self.target,
                'embuilder_flags': self.mode.embuilder_flags, 'cache_prefix': CACHE_PREFIX,
                'port_directories': {name: str(path) for name, path in self.sources.directories().items()},
                'port_mirror': str(self.sources.directory) if self.sources.directory else None, 'inputs': self.is_own}

    def _told_of_sources(self, output: str) -> str:
        """A hint if a failure is about sources that were given, which may be of another release than the port is written for."""
        given = _given(self.sources, self.target, self.catalogue.listing(self.mode))
        return ''.join(f'\nhint: the sources of {name} are those in {path}; its port may be written for another release'
                       for name, path in given.items() if f'ports/{name}/' in output.replace('\\', '/'))

    def _learn(self, inputs: Sequence[Sequence[Any]]) -> str:
        """The key with the known inputs. If one, or a source that was given, was edited during the build, a random key."""
        edited = bool(self.given) and _base_key(self.catalogue, self.mode, self.target, self.sources) != self.base
        if not self.is_own and not edited:
            return self.base
        if edited or any(seen == EDITED for *_, seen in inputs):
            return digest_record({'base': self.base, 'edited meanwhile': secrets.token_hex(8)})
        learn_inputs(self.catalogue, self.base, [each[:2] for each in inputs])
        return key_with_inputs(self.catalogue, self.base)


def find_files(store: Store, key: str) -> dict[str, Blob]:
    """The files that embuilder made for a key, by path in a cache directory; none if one is missing or damaged."""
    record = store.read(KIND, key)
    listed = record.get('files') if record else None
    found: dict[str, Blob] = {}
    for path, entry in (listed.items() if isinstance(listed, dict) else ()):
        blob = Blob.of(*entry) if isinstance(entry, list) and len(entry) == 2 else None
        if blob is None or not is_inside(path) or not store.has(blob):
            return {}
        found[path] = blob
    if found:
        store.mark_used(KIND, key)
    return found


def is_inside(path: object) -> bool:
    """Whether a recorded path is relative, below the cache directory, and in a directory for libraries."""
    return is_below(path) and str(path).split('/')[0] in ('sysroot', 'ports', _PORT_BUILDS)


def _new_files(cache: Path, headers: Path, external: Collection[str]) -> list[str]:
    """The new files of a run: libraries, headers and marker files of ports; no build directories, locks and sources (but
    for those of `external` ports, which contain the port's definition)."""
    found = []
    for folder, directories, names in os.walk(cache):
        here = os.path.relpath(folder, cache).replace(os.sep, '/')
        if here == '.':
            directories[:] = [d for d in directories if d != 'build']
            continue
        for name in names:
            path = f'{here}/{name}'
            if here.split('/')[0] in ('ports', _PORT_BUILDS):
                if (name in (_PORT_MARK, _TRACE) and here.count('/') == 1) or here.split('/')[1:2] in [[e] for e in external]:
                    found.append(path)
            elif not name.endswith('.lock') and not (headers / path).exists():
                found.append(path)
    return found


def _last(output: str) -> str:
    errors = [line for line in output.splitlines() if 'error' in line.lower() or line.startswith('hint: ')]
    return '\n'.join(errors[-6:] or output.splitlines()[-6:]) or 'embuilder failed without a message'
