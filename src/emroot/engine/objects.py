"""Objects: found in the store, or compiled into it."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import from_shortage
from ..hashing import Record, digest_bytes
from ..host.files import read_file, remove
from ..keys.location import contains_path, local_key
from ..keys.plan import Compile
from ..store import Blob, Store
from .command_lines.compile_context import shell_line
from .events import BuildListener
from .execution.headers import SysrootHeaders
from .execution.pool import Executor
from .result import Failure
from .reuse.compile_manifests import CompileManifests, included_files_key
from .reuse.included_files import IncludedFiles

if TYPE_CHECKING:
    from .execution.shared_front_end import SharedFrontEnd, SharedModule

KIND = 'object'


class Objects:
    """The objects of one build, by the key of their compile."""

    def __init__(self, store: Store, headers: SysrootHeaders, env: Mapping[str, str], listener: BuildListener,
                 executor: Executor, compiles: Iterable[Compile], shared: SharedFrontEnd | None = None) -> None:
        self.store, self.context, self.env, self.listener, self._files = store, headers.context, env, listener, headers.files
        self.durations, self._executor, self.shared = headers.durations, executor, shared
        self._embedded_paths = self.context.sdk.embedded_paths
        self.families = CompileManifests(store, self._files, compiles)
        self._located_keys: set[str] = set()
        #: By the key of a compile: why no result of before is its result, where there is one of its family.
        self._misses: dict[str, str] = {}
        #: Unused depfiles. They are reused: creating and deleting one per compile is slow on ext4, which
        #: checks everything that was deleted in the last five seconds before it creates a file.
        self._depfiles: list[Path] = []
        self._number = itertools.count()

    def find(self, compile_: Compile) -> Blob | None:
        """The object, if the store has it."""
        for location_dependent, key in ((False, compile_.key), (True, self._local_key(compile_.key))):
            record = self.store.read(KIND, key)
            blob = Blob.of(record.get('digest'), record.get('size')) if record else None
            if blob and self.store.has(blob):
                self.store.mark_used(KIND, key)
                if location_dependent:
                    self._located_keys.add(compile_.key)
                return blob
        return None

    def find_equivalent(self, compile_: Compile) -> Blob | None:
        """The object of an equivalent compile, if there is one. It is then recorded for this compile, too."""
        relative = self.families.find(compile_)
        if isinstance(relative, str):
            self._misses[compile_.key] = relative
            return None
        self._keep(compile_, relative.blob, location_dependent=bool(relative.embedded_paths),
                   extra={'from': relative.key, 'closure': included_files_key(relative.closure)})
        return relative.blob

    def is_location_dependent(self, key: str) -> bool:
        """Whether the object of a compile contains the SDK's path. Known only after it was found or made."""
        return key in self._located_keys

    def make(self, compile_: Compile, module: SharedModule | None = None) -> Blob | Failure:
        """Compile, and store the object. `module`: shared with other compiles. Raises `StoreError` if the disk is full."""
        if compile_.source.endswith('.s'):
            return self._make(compile_, None, None)
        try:
            depfile = self._depfiles.pop()
        except IndexError:
            depfile = self.store.scratch() / f'{next(self._number)}.d'
        made = self._make(compile_, depfile, module)
        self._depfiles.append(depfile)
        return made

    def _make(self, compile_: Compile, depfile: Path | None, module: SharedModule | None) -> Blob | Failure:
        out = self.store.scratch() / f'{compile_.key[:32]}.o'
        command = self.context.object_command(compile_, out, depfile)
        self.listener.note(f'compile {compile_.source}: {shell_line(command, self.context.working_directory)}')
        if why := self._misses.get(compile_.key):
            self.listener.note(f'{compile_.source} is compiled because {why}')
        cwd = self.context.working_directory
        done = self.shared.compile(command, cwd, module) if self.shared and module else None
        files = module.files if done and module else None
        done = done or self._executor.call(command, cwd=cwd, env=self.env)
        content = read_file(out) if done.code == 0 else None
        if content is None:
            remove(out)
            return self._failed(compile_, done.code, done.output)
        if done.output.strip():
            self.listener.note(f'{compile_.source} printed: {done.output.decode(errors="replace").strip()}')
        self.durations.record(compile_, done.processor)
        location_dependent = contains_path(content, self._embedded_paths)
        closure = files or self._closure(compile_, depfile)
        if module and module.files is None:
            module.files, module.works = closure, module.works and closure is not None
        blob = self.store.add_file(out, digest_bytes(content))
        extra: Record = {'seconds': round(done.processor, 4)}
        if closure is not None:
            extra['closure'] = self.families.add(compile_, closure, blob, location_dependent=location_dependent)
        self._keep(compile_, blob, location_dependent=location_dependent, extra=extra)
        return blob

    def _keep(self, compile_: Compile, blob: Blob, *, location_dependent: bool, extra: Record) -> None:
        key = compile_.key
        if location_dependent:
            self._located_keys.add(key)
            key = self._local_key(key)
        self.store.write(KIND, key, {'digest': blob.digest, 'size': blob.size, 'source': compile_.source, **extra})

    def _closure(self, compile_: Compile, depfile: Path | None) -> IncludedFiles | None:
        """The closure of a compile; None if unknown. Assembly reads its source alone without `.incbin`, `.include`."""
        if depfile is not None:
            closure = self._files.closure(depfile)
            with contextlib.suppress(OSError):
                os.truncate(depfile, 0)  # whatever does not write there must not seem to have read the same
            return closure
        name = self._files.source_name(compile_.source)
        text = self._files.path(name).read_text(encoding='latin-1')
        return None if '.incbin' in text or '.include' in text else ((name, self._files.digest(name) or ''),)

    def _local_key(self, key: str) -> str:
        """The key of an object that contains the path of the SDK, or of clang's own headers, in its debug information. The
        SDK's own flags map its root and the cache to fixed names, but not the compiler's headers (nor, up to 3.1.7x, the root
        in assembly files): embuilder's bytes differ with their location, so such objects are kept per location."""
        return local_key(key, self._embedded_paths, KIND)

    def _failed(self, compile_: Compile, code: int, output: bytes) -> Failure:
        message = output.decode(errors='replace').strip()
        if short := from_shortage(message, f'compiling {compile_.name}'):
            raise short
        if code < 0 and not message:
            message = f'the compiler was killed by signal {-code}'
        command = self.context.command(compile_, Path('.').absolute() / f'{compile_.name}.o')
        return Failure(compile_.name, message or f'exit code {code}', shell_line(command, self.context.working_directory))
