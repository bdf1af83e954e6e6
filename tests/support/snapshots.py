"""Looking at directories: what is in them, and whether it is what it says it is."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tarfile
from pathlib import Path
from typing import Any

from emroot.hashing import digest_file
from emroot.store.blobs import TREE


def snapshot(top: Path, *, content: bool = True) -> dict[str, tuple[object, ...]]:
    """Everything below `top` by relative path: kind and permissions, size, time of change, and content if wanted."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, directories, names in os.walk(top):
        for name in [*directories, *names]:
            path = os.path.join(folder, name)
            seen = os.lstat(path)
            regular = stat.S_ISREG(seen.st_mode)
            text = os.readlink(path) if stat.S_ISLNK(seen.st_mode) else _content(path) if regular and content else ''
            size = seen.st_size if regular else 0
            found[os.path.relpath(path, top)] = (oct(seen.st_mode), size, seen.st_mtime_ns, text)
    return found


def _content(path: str) -> str:
    try:
        return digest_file(path)
    except PermissionError:  # root may read everything
        return 'unreadable'


def extract(tar: tarfile.TarFile, to: Path) -> None:
    """Unpack an archive of ours, with the filter that Python has from 3.11.4 on."""
    tar.extractall(to, **({'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}))  # type: ignore[arg-type]  # noqa: S202


def archives(cache: Path) -> dict[str, str]:
    """The digest of every library in a cache directory, by its path in it."""
    top = cache / 'sysroot' / 'lib'
    return {p.relative_to(cache).as_posix(): digest_file(p) for p in sorted(top.rglob('*'))
            if p.suffix in ('.a', '.o') and not p.name.startswith('.')}


def damage(home: Path, cache: Path) -> list[str]:
    """What in a store and a cache directory is not what its name or its record says; nothing, whatever was killed."""
    wrong = []
    blobs = {}
    for path in (home / 'store' / 'blobs').glob('*/*'):
        blobs[path.parent.name + path.name] = path
        if digest_file(path) != path.parent.name + path.name:
            wrong.append(f'blob {path} has another content than its name says')
    for path in (home / 'store' / 'records').rglob('*'):
        if path.is_file() and not path.name.startswith('.'):
            record = json.loads(path.read_text(encoding='utf-8'))
            if 'digest' in record and record['digest'] not in blobs:
                wrong.append(f'record {path} names a blob that is not there')
    for relative, digest in archives(cache).items():
        if digest not in blobs:
            wrong.append(f'{relative} is nothing that the store knows')
    top = cache / '.emroot'
    for path in top.rglob('*.json'):
        record = json.loads(path.read_text(encoding='utf-8'))
        file = cache / path.relative_to(top).with_suffix('')
        if 'digest' in record and digest_file(file) != record['digest']:
            wrong.append(f'{file} has another content than its record says')
    headers = next((home / 'store' / 'trees').glob('*/sysroot'), None)
    if headers and (top / 'headers.json').exists():
        for path in headers.rglob('*'):
            copied = cache / 'sysroot' / path.relative_to(headers)
            if path.is_file() and not _same(copied, path):
                wrong.append(f'{copied} is not the header that was installed')
    return wrong


def seed(home: Path, known: Path, *, link: bool) -> None:
    """Make a home that knows what `known` knows of its SDK, headers included, but has built nothing. Compiled modules, which are
    replaced and never written to, are links, and headers if `link` says so."""
    shutil.copytree(known / 'memo', home / 'memo', ignore=shutil.ignore_patterns('keys'), copy_function=_link_compiled)
    shutil.copytree(known / 'store' / 'records' / TREE, home / 'store' / 'records' / TREE)
    trees = home / 'store' / 'trees'
    if link:
        shutil.copytree(known / 'store' / 'trees', trees, copy_function=_link)  # thousands of files
    else:
        shutil.copytree(known / 'store' / 'trees', trees)
    shutil.copy2(known / 'store' / 'VERSION', home / 'store' / 'VERSION')


def _link_compiled(source: str, target: str) -> None:
    (_link if source.endswith('.pyc') else shutil.copy2)(source, target)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another disk
        shutil.copy2(source, target)


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and (one.samefile(other) or digest_file(one) == digest_file(other))


def compiled_objects(home: Path) -> int:
    """How many compiles a store has the result of; those that were found to equal another do not count."""
    return sum('from' not in json.loads(p.read_text(encoding='utf-8')) for p in
               (home / 'store' / 'records' / 'object').glob('*/*') if not p.name.startswith('.'))


def counts(document: dict[str, Any]) -> tuple[int, int]:
    """Objects that a build compiled, and that it reused."""
    return document['objects']['compiled'], document['objects']['reused']


def files_in(top: Path) -> list[Path]:
    """All files below a directory."""
    return sorted(path for path in top.rglob('*') if path.is_file())
