"""The identity of an SDK: a digest of every file that can change a library or a link (compiler, archiver, linker,
sources, headers, and the tools that run them), cached by their sizes and times."""

from __future__ import annotations

import marshal
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..hashing import digest_file, digest_record, sha256
from ..host.files import stat_files
from ..host.home import read_json

#: Parts of the Emscripten root that matter, by part of the digest. No tests, documentation and caches.
SOURCES = ('system',)
TOOLS = ('tools', 'src', 'third_party', 'cmake')
_SKIPPED = {'__pycache__', 'node_modules', '.git', 'test', 'tests'}
_PIECES = ('libLLVM', 'libclang', 'liblld', 'libbinaryen')

#: Bytes from which reading a file takes longer than a thread's turn.
LARGE = 1 << 20
Entry = tuple[str, str, str]
"""Part, name within the part, absolute path."""


def entries(root: Path, tools: Mapping[str, Path], binaryen_root: Path, resource_dir: Path) -> list[Entry]:
    """Every file of the SDK's content, sorted."""
    found: list[Entry] = []
    for part, folders in (('sources', SOURCES), ('tools', TOOLS)):
        for folder in folders:
            found += [(part, f'{folder}/{name}', path) for name, path in walk(root / folder)]
    for path in root.iterdir():
        if path.suffix in ('.py', '.mjs') or path.name in ('emscripten-version.txt', 'emscripten-revision.txt'):
            found.append(('tools', path.name, str(path)))
    found += [('compiler', f'include/{name}', path) for name, path in walk(resource_dir / 'include')]
    for part, tool in (('compiler', 'clang'), ('archiver', 'llvm-ar'), ('linker', 'wasm-ld')):
        found += [(part, os.path.basename(path), path) for path in _executable(tools[tool])]
    suffix = '.exe' if sys.platform == 'win32' else ''
    for tool in ('wasm-opt', 'wasm-emscripten-finalize', 'wasm-metadce', 'wasm-ctor-eval', 'wasm-split'):
        path = binaryen_root / 'bin' / (tool + suffix)
        if path.exists():
            found += [('tools', os.path.basename(p), p) for p in _executable(path)]
    return sorted(set(found))


def walk(top: Path) -> Iterator[tuple[str, str]]:
    """(name relative to `top`, path) of each file below it."""
    pending = [(str(top), '')]
    while pending:
        directory, prefix = pending.pop()
        try:
            scanned = list(os.scandir(directory))
        except FileNotFoundError:
            continue
        for entry in scanned:
            if entry.is_dir():
                if entry.name not in _SKIPPED:
                    pending.append((entry.path, f'{prefix}{entry.name}/'))
            else:
                yield prefix + entry.name, entry.path


def _executable(path: Path) -> Iterable[str]:
    """An executable and its shared libraries, except those of the operating system."""
    real = os.path.realpath(path)
    yield real
    if sys.platform.startswith('linux'):
        import subprocess
        # The dynamic loader's own answer. An executable without one runs with no arguments, which does no harm.
        traced = subprocess.run([real], env={'LD_TRACE_LOADED_OBJECTS': '1'}, stdin=subprocess.DEVNULL, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout.decode(errors='replace')
        libraries = re.findall(r'=> (/.*) \(0x[0-9a-f]+\)$', traced, re.MULTILINE)
    else:
        library_directory = Path(real).parent.parent / 'lib'
        libraries = [str(p) for p in library_directory.glob('lib*') if p.suffix in ('.dylib', '.dll')]
    yield from sorted({os.path.realpath(p) for p in libraries if os.path.basename(p).startswith(_PIECES)})


def signature(folders: Iterable[str], files: Iterable[str]) -> str:
    """A digest of names, sizes and times of `files` and of everything below `folders`. Every command computes it
    first, so it uses as few system calls as possible."""
    digest = sha256()
    for path in files:
        digest.update(_states(path, [os.stat(path)]))
    pending = list(folders)
    while pending:
        directory = pending.pop()
        try:
            below, names = _listed(directory)
            digest.update(_states([directory, *names], stat_files(directory, names)))
        except FileNotFoundError:
            digest.update(_states([directory], []))
        else:
            pending += below
    signed: str = digest.hexdigest()
    return signed


def _listed(directory: str) -> tuple[list[str], list[str]]:
    """The relevant subdirectories and the file names of a directory, both sorted."""
    with os.scandir(directory) as scanned:
        found = {entry.name: entry.is_dir() for entry in scanned}
    names = sorted(found)
    return ([os.path.join(directory, name) for name in names if found[name] and name not in _SKIPPED],
            [name for name in names if not found[name]])


def _states(names: str | list[str], found: list[os.stat_result]) -> bytes:
    """Size and times of each file, marshalled without references, which is the fastest way for 7000 files."""
    return marshal.dumps([names, [(s.st_size, s.st_mtime_ns, s.st_ctime_ns) for s in found]], 2)


def measure(found: Sequence[Entry], pristine: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The digest of each part, and of each source by its path below the root. `pristine`: the digest of a file
    that an installation patched -> that of the original, so that the same SDK has one identity everywhere."""
    parts: dict[str, list[list[str]]] = {}
    sources: dict[str, str] = {}
    for (part, name, _), digest in zip(found, _digests([path for _, _, path in found]), strict=True):
        digest = pristine.get(digest, digest)
        parts.setdefault(part, []).append([name, digest])
        if part == 'sources':
            sources[name] = digest
    return {part: digest_record(listed) for part, listed in sorted(parts.items())}, sources


def _digests(paths: Sequence[str]) -> list[str]:
    """The digests of files. Those of the large ones, half of all bytes in a compiler, are computed beside the others."""
    from concurrent.futures import ThreadPoolExecutor  # lazy import: an SDK is read once
    large = {path for path in paths if os.stat(path).st_size >= LARGE}
    with ThreadPoolExecutor(1) as beside:
        later = {path: beside.submit(digest_file, path) for path in large}
        found = {path: digest_file(path) for path in paths if path not in large}
        return [found[path] if path in found else later[path].result() for path in paths]


def pristine_digests(root: Path) -> dict[str, str]:
    """The digests of original files in the nearest `emroot-sdk.json` above `root` (see `measure`)."""
    manifests = (read_json(directory / 'emroot-sdk.json') for directory in [root, *list(root.parents)[:4]])
    return dict(next(filter(None, manifests), {}).get('pristine', {}))
