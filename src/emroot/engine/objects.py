"""Objects: found in the store, or compiled into it."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..canonical import Record, digest_bytes
from ..errors import from_shortage
from ..files import read_file, remove
from ..plan import Compile
from ..store import Blob, Store
from .closure import Closure, Files
from .commands import Places, shell_line
from .durations import Durations
from .events import Watcher
from .located import has_place, located_key
from .pool import Executor
from .result import Failure
from .sharing import Families, closure_key

KIND = 'object'


class Objects:
    """The objects of one build, by the key of their compile."""

    def __init__(self, store: Store, places: Places, files: Files, env: Mapping[str, str], watcher: Watcher,
                 durations: Durations, executor: Executor, compiles: Iterable[Compile]) -> None:
        self.store, self.places, self.env, self.watcher, self._files = store, places, env, watcher, files
        self.durations, self._executor = durations, executor
        sdk = places.sdk
        self._places = sdk.places
        self.families = Families(store, files, sdk.parts['compiler'], sdk.version, tuple(self._places), compiles)
        self._located_keys: set[str] = set()
        #: Files for what compilers read, not in use. They are used again: to make and delete one for each compile is slow, ext4
        #: looks at everything that was deleted in the last five seconds before it makes a file.
        self._depfiles: list[Path] = []
        self._number = itertools.count()

    def find(self, compile_: Compile) -> Blob | None:
        """The object if the store has it."""
        for located, key in ((False, compile_.key), (True, self._located(compile_.key))):
            record = self.store.read(KIND, key)
            blob = Blob.of(record.get('digest'), record.get('size')) if record else None
            if blob and self.store.has(blob):
                self.store.touch(KIND, key)
                if located:
                    self._located_keys.add(compile_.key)
                return blob
        return None

    def find_relative(self, compile_: Compile) -> Blob | None:
        """The object if it is that of a relative (see `sharing.py`); it is then known under this compile's key too."""
        relative = self.families.find(compile_)
        if relative is None:
            return None
        self._keep(compile_, relative.blob, located=bool(relative.places),
                   extra={'from': relative.key, 'closure': closure_key(relative.closure)})
        return relative.blob

    def is_located(self, key: str) -> bool:
        """Whether the object of a compile carries the SDK's place (known once it was found or made)."""
        return key in self._located_keys

    def make(self, compile_: Compile) -> Blob | Failure:
        """Compile, and keep the object. Raises `StoreError` when there is no space for it."""
        if compile_.source.endswith('.s'):
            return self._make(compile_, None)
        try:
            depfile = self._depfiles.pop()
        except IndexError:
            depfile = self.store.scratch() / f'{next(self._number)}.d'
        made = self._make(compile_, depfile)
        self._depfiles.append(depfile)
        return made

    def _make(self, compile_: Compile, depfile: Path | None) -> Blob | Failure:
        out = self.store.scratch() / f'{compile_.key[:32]}.o'
        command = self.places.object_command(compile_, out, depfile)
        self.watcher.note(f'compile {compile_.source}: {shell_line(command, self.places.working_directory)}')
        done = self._executor.call(command, cwd=self.places.working_directory, env=self.env)
        content = read_file(out) if done.code == 0 else None
        if content is None:
            remove(out)
            return self._failed(compile_, done.code, done.output)
        if done.output.strip():
            self.watcher.note(f'{compile_.source} printed: {done.output.decode(errors="replace").strip()}')
        self.durations.learn(compile_, done.processor)
        located = has_place(content, self._places)
        closure = self._closure(compile_, depfile)
        blob = self.store.adopt(out, digest_bytes(content))
        extra: Record = {'seconds': round(done.processor, 4)}
        if closure is not None:
            extra['closure'] = self.families.add(compile_, closure, blob, located=located)
        self._keep(compile_, blob, located=located, extra=extra)
        return blob

    def _keep(self, compile_: Compile, blob: Blob, *, located: bool, extra: Record) -> None:
        key = compile_.key
        if located:
            self._located_keys.add(key)
            key = self._located(key)
        self.store.write(KIND, key, {'digest': blob.digest, 'size': blob.size, 'source': compile_.source, **extra})

    def _closure(self, compile_: Compile, depfile: Path | None) -> Closure | None:
        """What a compile read. Assembly files that are not preprocessed read themselves, unless they say otherwise."""
        if depfile is not None:
            closure = self._files.closure(depfile)
            with contextlib.suppress(OSError):
                os.truncate(depfile, 0)  # whatever does not write there must not seem to have read the same
            return closure
        name = self._files.source_name(compile_.source)
        text = self._files.path(name).read_text(encoding='latin-1')
        return None if '.incbin' in text or '.include' in text else ((name, self._files.digest(name) or ''),)

    def _located(self, key: str) -> str:
        """The key of an object that carries the path of the SDK, or of clang's own headers, in its debug information.

        The SDK's own flags map its root and the cache to fixed names, but not the compiler's headers (nor, up to 3.1.7x,
        the root in assembly files): embuilder's bytes differ with their place, so such objects are kept per place.
        """
        return located_key(key, self._places, KIND)

    def _failed(self, compile_: Compile, code: int, output: bytes) -> Failure:
        said = output.decode(errors='replace').strip()
        if short := from_shortage(said, f'compiling {compile_.name}'):
            raise short
        if code < 0 and not said:
            said = f'the compiler was killed by signal {-code}'
        command = self.places.command(compile_, Path('.').absolute() / f'{compile_.name}.o')
        return Failure(compile_.name, said or f'exit code {code}', shell_line(command, self.places.working_directory))
