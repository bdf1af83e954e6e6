"""Archives: made by the SDK's own archiver, with the members in the SDK's order."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import from_shortage
from ..host.copying import link_or_copy
from ..host.files import remove_tree
from ..keys.location import Keys, embedded_location
from ..keys.plan import Archive
from ..store import Blob, Store
from ..symbol_index.storage import record_index
from ..symbol_index.symbols import find_nm
from .command_lines.compile_context import CompileContext, shell_line
from .events import BuildListener
from .execution.background import run_in_background
from .execution.pool import Pool
from .result import Failure

KIND = 'archive'


@dataclass(frozen=True)
class StoredArchive:
    """An archive in the store."""

    blob: Blob
    key: str
    """Its key in the store: one of `Keys`."""
    location: str
    """The digest of the SDK location in its bytes; empty for none."""


def find_archive(store: Store, keys: Keys) -> StoredArchive | None:
    """The archive, if the store has it under one of these keys. The first key that is found wins."""
    for key, location in keys:
        record = store.read(KIND, key)
        blob = Blob.of(record.get('digest'), record.get('size')) if record else None
        if record and blob and store.has(blob):
            store.mark_used(KIND, key)
            return StoredArchive(blob, key, embedded_location(record, location))
    return None


def make_archive(archive: Archive, members: list[Blob], key: str, store: Store, context: CompileContext, env: Mapping[str, str],
                 pool: Pool, listener: BuildListener) -> Blob | Failure:
    """Archive the objects. Stores the archive under `key`, its symbol index under the key of `archive`."""
    if archive.how == 'copy':
        made: Blob | Failure = members[0]
    else:
        objects = {name: store.path(member.digest) for (name, _), member in zip(archive.members, members, strict=True)}
        if len(objects) < len(members):
            return Failure(archive.target, 'several of its members have the same name')

        def index() -> None:
            wrong = record_index(store, archive.key, objects, find_nm(context.sdk.tools), context.sdk.embedded_paths, env)
            if wrong:
                listener.note(f'no index of {archive.name}: {wrong}')
        with run_in_background(index):
            made = _run_archiver(archive, objects, store, context, env, pool, listener)
    if isinstance(made, Blob):
        store.write(KIND, key, {'digest': made.digest, 'size': made.size, 'path': archive.path,
                                'members': [[name, member.digest] for (name, _), member in
                                            zip(archive.members, members, strict=True)]})
    return made


def _run_archiver(archive: Archive, objects: Mapping[str, Path], store: Store, context: CompileContext, env: Mapping[str, str],
                  pool: Pool, listener: BuildListener) -> Blob | Failure:
    staging = store.scratch() / f'archive-{secrets.token_hex(6)}'
    staging.mkdir()
    try:
        for name, path in objects.items():
            link_or_copy(path, f'{staging}{os.sep}{name}')
        # `cr` and member names only, as the SDK's `create_lib` has it; in a response file, as it does for long lines.
        (staging / 'members').write_text('\n'.join(objects) + '\n', encoding='utf-8', errors='surrogateescape')
        out = staging / 'archive'
        command = [str(context.sdk.tools['llvm-ar']), 'cr', out.name, '@members']
        listener.note(f'archive {archive.name}: {shell_line(command, staging)}')
        done = pool.call(command, cwd=staging, env=env)
        if done.code != 0:
            output = done.output.decode(errors='replace').strip()
            if short := from_shortage(output, f'joining {archive.name}'):
                raise short
            return Failure(archive.target, output or f'exit code {done.code}', shell_line(command, Path(staging)))
        return store.add_file(out)
    finally:
        remove_tree(staging)
